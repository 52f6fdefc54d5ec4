import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { withClientPackage } from './client-package.js';

/** What a page has to load of the client when it uses all of it, in bytes. */
export interface ClientSize {
  readonly minified: number;
  readonly gzipped: number;
}

/**
 * @param folder what is published
 * @throws when it imports anything, be it of Node
 */
export async function clientSize(folder: string): Promise<ClientSize> {
  const { outputFiles, metafile } = await build({
    entryPoints: [`${folder}/index.js`],
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
  const [code] = outputFiles;
  if (code === undefined) throw new Error('nothing was built');
  return {
    minified: code.contents.length,
    gzipped: gzipSync(code.contents, { level: 9 }).length,
  };
}

/** `pnpm size` */
if (process.argv[1] === import.meta.filename) {
  const { minified, gzipped } = await withClientPackage(clientSize);
  console.log(`@chorus/client: ${gzipped} bytes gzipped, ${minified} minified`);
}
