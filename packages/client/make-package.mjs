// Writes what is published into dist/package, or the folder that is given: one module with its source map, and one declaration file, that need
// nothing else, whatever the sources import from this workspace. `pnpm --filter @chorus/client package` compiles before
// and packs it.
import { writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { minify } from 'terser';
import { checkInternalNames, INTERNAL_NAMES } from './internal-names.mjs';
import { publishedFolder, writeRest } from './publish-parts.mjs';

const here = (path) => new URL(path, import.meta.url);
const source = here('./');
const out = await publishedFolder(source);
const [shortened] = await Promise.all([writeModule(), writeRest(source, out)]);
await checkInternalNames(shortened, new URL('index.d.ts', out));

/**
 * Bundlers of applications minify it. What they cannot do, because it takes the whole module, is done here: internal properties get
 * short names, and constants stand where they are used. The source map has the sources.
 * @returns properties that got short names
 */
async function writeModule() {
  const { mangleCache, outputFiles } = await build({
    mangleProps: new RegExp(`^(${INTERNAL_NAMES.join('|')})$`),
    mangleCache: {},
    entryPoints: [here('dist/index.js').pathname],
    outfile: new URL('index.js', out).pathname,
    write: false,
    sourcemap: 'external',
    bundle: true,
    format: 'esm',
    // What imports something of Node does not get through.
    platform: 'browser',
    target: 'es2022',
    logLevel: 'warning',
  });
  const [map, module] = outputFiles.map(({ text }) => text);
  const { sources, ...content } = JSON.parse(map);
  const short = { ...content, sources: sources.map((path) => path.replace(/^.*\/packages\//, '')) };
  const { code, map: written } = await minify(module, {
    module: true,
    ecma: 2022,
    mangle: false,
    compress: {
      passes: 3,
      sequences: false,
      reduce_funcs: false,
      inline: false,
      pure_getters: true,
      hoist_funs: true,
    },
    format: { beautify: true, indent_level: 2 },
    sourceMap: { content: short, includeSources: true, filename: 'index.js', url: 'index.js.map' },
  });
  await writeFile(new URL('index.js', out), code);
  await writeFile(new URL('index.js.map', out), written);
  return Object.keys(mangleCache);
}
