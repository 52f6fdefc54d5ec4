import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { type PublishedPackage, withPackage } from './published-package.js';

/** Bytes of a bundle. */
export interface BundleSize {
  readonly minified: number;
  readonly gzipped: number;
}

/** What applications import of the packages, and how many bytes it may have, gzipped. */
export const BUDGETS = {
  client: {
    everything: { code: "export * from './index.js'", gzipped: 13_350 },
    'join and send': { code: "export { ChorusClient } from './index.js'", gzipped: 7_620 },
  },
  react: {
    everything: { code: "export * from './index.js'", gzipped: 3_000 },
  },
} as const;

/** What applications have beside a package. */
const PEERS: Record<PublishedPackage, string[]> = { client: [], react: ['@chorus/client', 'react'] };

/**
 * Bundles a program that imports a package, as applications do, without what they have beside it.
 * @param folder what is published
 * @param code the program
 * @throws when it imports anything else, be it of Node
 */
export async function bundleSize(name: PublishedPackage, folder: string, code: string): Promise<BundleSize> {
  const external = PEERS[name];
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    external,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  const imports = Object.values(metafile.outputs)
    .flatMap((output) => output.imports)
    .filter(({ path }) => !external.includes(path));
  if (imports.length > 0) throw new Error(`it imports ${imports.map(({ path }) => path).join(', ')}`);
  const [built] = outputFiles;
  if (built === undefined) throw new Error('nothing was built');
  return { minified: built.contents.length, gzipped: gzipSync(built.contents, { level: 9 }).length };
}

/** `pnpm size` */
if (process.argv[1] === import.meta.filename) {
  for (const name of ['client', 'react'] as const) {
    await withPackage(name, async (folder) => {
      for (const [what, { code, gzipped: most }] of Object.entries(BUDGETS[name])) {
        const { gzipped, minified } = await bundleSize(name, folder, code);
        console.log(
          `@chorus/${name}, ${what}: ${gzipped} bytes gzipped (at most ${most}), ${minified} minified`,
        );
        if (gzipped > most) process.exitCode = 1;
      }
    });
  }
}
