// Writes what is published into dist/package, or the folder that is given: one module with its source map, and one declaration file, that need
// nothing else, whatever the sources import from this workspace. `pnpm --filter @chorus/client package` compiles before
// and packs it.
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { minify } from 'terser';
import { checkInternalNames, INTERNAL_NAMES } from './internal-names.mjs';

const here = (path) => new URL(path, import.meta.url);
const out = pathToFileURL(join(process.argv[2] ?? fileURLToPath(here('dist/package')), '/'));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const [shortened] = await Promise.all([
  writeModule(),
  writeTypes(),
  writeManifest(),
  copyFile(here('README.md'), new URL('README.md', out)),
  copyFile(here('../../LICENSE'), new URL('LICENSE', out)),
]);
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

async function writeTypes() {
  const bundle = await rollup({
    input: here('dist/index.d.ts').pathname,
    plugins: [workspaceTypes(), dts()],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  await bundle.write({ file: new URL('index.d.ts', out).pathname, format: 'es' });
  await bundle.close();
}

async function writeManifest() {
  const { name, version, description, license, type, sideEffects, engines } = JSON.parse(
    await readFile(here('package.json'), 'utf8'),
  );
  const manifest = {
    ...{ name, version, description, license, type, sideEffects, engines },
    exports: { '.': { types: './index.d.ts', default: './index.js' } },
    types: './index.d.ts',
    files: ['index.js', 'index.js.map', 'index.d.ts'],
  };
  await writeFile(new URL('package.json', out), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Where the declarations of this workspace are. */
function workspaceTypes() {
  return {
    name: 'workspace-types',
    resolveId: (name) =>
      name.startsWith('@chorus/') ? fileURLToPath(import.meta.resolve(name)).replace(/\.js$/, '.d.ts') : null,
  };
}
