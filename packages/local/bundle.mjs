import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

/** The compiled entry of each program. */
export const PROGRAMS = {
  api: 'apps/api/dist/main.js',
  archiver: 'apps/archiver/dist/main.js',
  cluster: 'apps/cluster/dist/main.js',
  dispatcher: 'apps/dispatcher/dist/main.js',
  gateway: 'apps/gateway/dist/main.js',
  loadtest: 'apps/loadtest/dist/main.js',
  migrate: 'prisma/dist/migrate-main.js',
  standalone: 'apps/standalone/dist/main.js',
};

/** Time for which files of earlier bundles stay, in milliseconds: longer than programs run from a clone that is rebuilt. */
const KEPT_MS = 86_400_000;

/** Packages with machine code. */
const NATIVE = ['bcrypt', 'uWebSockets.js'];

/** What CommonJS modules call for modules of Node.js. */
const REQUIRE = `import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);`;
/** Libraries are left out of the source maps: Node.js reads a map whenever it loads the code that belongs to it. */
const NO_MAP = `//# sourceMappingURL=data:application/json,${encodeURIComponent('{"version":3,"sources":["library"],"names":[],"mappings":"AAAA"}')}`;
/** Stack traces name the sources, which has to be switched on before the code is loaded. */
const launcher = (name) => `process.setSourceMapsEnabled(true);\nawait import('./programs/${name}.js');\n`;

/**
 * Bundles programs, so that each starts in half the processor time that its thousand modules take: `<name>.js` in the
 * folder, with the code in `programs`. Files that modules read at run time (scripts for Redis, pages, migrations)
 * and packages with machine code are not in it. Everything has to be installed and compiled.
 *
 * @param {string[]} names
 * @param {{ folder?: string, locate?: (file: string) => string }} target `locate` returns the place of a file from the point
 *   of view of the folder; by default files are where they are
 * @returns {Promise<Set<string>>} the files of which the programs are made
 */
export async function bundle(names, { folder = join(root, 'dist'), locate = (file) => file } = {}) {
  const outdir = join(folder, 'programs');
  // Loaded only to bundle: the programs are known without it.
  const { build, stop } = await import('esbuild');
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [name, PROGRAMS[name]])),
    outdir,
    bundle: true,
    // Less to read and compile at each start.
    minifyWhitespace: true,
    // Programs share what they have in common, and what is imported on demand stays a file of its own.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: { js: REQUIRE },
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    write: false,
    logLevel: 'warning',
    plugins: [inPlace((file) => relative(outdir, locate(file)).replaceAll(sep, '/'))],
  });
  await stop();
  await replaceFiles(outdir, outputFiles);
  await Promise.all(names.map((name) => writeFile(join(folder, `${name}.js`), launcher(name))));
  return new Set(Object.keys(metafile.inputs).map((file) => join(root, file)));
}

/**
 * Writes files whole, so that a program which starts meanwhile reads the earlier one or the new one. What is imported on demand has the
 * hash of its content in its name: files of earlier bundles stay for programs that run from them.
 */
async function replaceFiles(folder, files) {
  await mkdir(folder, { recursive: true });
  const written = files.map(async ({ path, contents }) => {
    await writeFile(`${path}.new`, contents);
    await rename(`${path}.new`, path);
    return basename(path);
  });
  const current = new Set(await Promise.all(written));
  const now = Date.now();
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    if (!current.has(name) && now - (await stat(file)).mtimeMs > KEPT_MS) await rm(file, { force: true });
  }
}

/** Lets the modules of a bundle find files and native packages. @param path returns the path of a file from the bundle */
function inPlace(path) {
  return {
    name: 'in place',
    setup({ onLoad, onResolve, resolve: find }) {
      onResolve({ filter: new RegExp(`^(${NATIVE.join('|')})$`) }, async ({ path: name, ...from }) => {
        if (from.pluginData === NATIVE) return undefined;
        const { importer, kind, resolveDir } = from;
        const found = await find(name, { importer, kind, resolveDir, pluginData: NATIVE });
        return { path: path(found.path), external: true };
      });
      onLoad({ filter: /\.[cm]?js$/ }, async ({ path: file }) => {
        const contents = await readFile(file, 'utf8');
        if (file.includes(`${sep}node_modules${sep}`)) return { contents: `${contents}\n${NO_MAP}` };
        if (!contents.includes('import.meta.url')) return undefined;
        const url = `new URL(${JSON.stringify(path(file))}, import.meta.url).href`;
        return { contents: contents.replaceAll('import.meta.url', url) };
      });
    },
  };
}
