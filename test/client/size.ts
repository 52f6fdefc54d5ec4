import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { withClientPackage } from './client-package.js';

/** Bytes of a bundle. */
export interface ClientSize {
  readonly minified: number;
  readonly gzipped: number;
}

/** What applications import of the client, and how many bytes it may have, gzipped. */
export const BUDGETS = {
  everything: { code: "export * from './index.js'", gzipped: 13_350 },
  'join and send': { code: "export { ChorusClient } from './index.js'", gzipped: 7_620 },
} as const;

/**
 * Bundles a program that imports the client, as applications do.
 * @param folder what is published
 * @param code the program
 * @throws when it imports anything else, be it of Node
 */
export async function clientSize(folder: string, code: string): Promise<ClientSize> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  if (imports.length > 0) throw new Error(`it imports ${imports.map(({ path }) => path).join(', ')}`);
  const [built] = outputFiles;
  if (built === undefined) throw new Error('nothing was built');
  return { minified: built.contents.length, gzipped: gzipSync(built.contents, { level: 9 }).length };
}

/** `pnpm size` */
if (process.argv[1] === import.meta.filename) {
  await withClientPackage(async (folder) => {
    for (const [name, { code, gzipped: most }] of Object.entries(BUDGETS)) {
      const { gzipped, minified } = await clientSize(folder, code);
      console.log(
        `@chorus/client, ${name}: ${gzipped} bytes gzipped (at most ${most}), ${minified} minified`,
      );
      if (gzipped > most) process.exitCode = 1;
    }
  });
}
