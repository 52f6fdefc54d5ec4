// What the packages that are published have in common. `@chorus/react` imports it as `@chorus/client/publishing`.
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

/**
 * Empties the folder to which a package is written: `dist/package`, or the one on the command line.
 * @param {URL} source folder of the package in this workspace
 * @returns {Promise<URL>}
 */
export async function publishedFolder(source) {
  const out = pathToFileURL(join(process.argv[2] ?? fileURLToPath(new URL('dist/package', source)), '/'));
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  return out;
}

/**
 * Writes what every package has beside its module: one declaration file, the manifest, the README and the licence.
 * @param {URL} source folder of the package in this workspace
 * @param {URL} out
 * @param {Record<string, string>} [peers] packages that the application installs, with their versions
 */
export async function writeRest(source, out, peers = {}) {
  await Promise.all([
    writeTypes(source, out, Object.keys(peers)),
    writeManifest(source, out, peers),
    copyFile(new URL('README.md', source), new URL('README.md', out)),
    copyFile(new URL('../../LICENSE', import.meta.url), new URL('LICENSE', out)),
  ]);
}

async function writeTypes(source, out, external) {
  const bundle = await rollup({
    input: fileURLToPath(new URL('dist/index.d.ts', source)),
    external,
    plugins: [workspaceTypes(external), dts()],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  await bundle.write({ file: fileURLToPath(new URL('index.d.ts', out)), format: 'es' });
  await bundle.close();
}

async function writeManifest(source, out, peers) {
  const { name, version, description, license, type, sideEffects, engines } = JSON.parse(
    await readFile(new URL('package.json', source), 'utf8'),
  );
  const manifest = {
    ...{ name, version, description, license, type, sideEffects, engines },
    exports: { '.': { types: './index.d.ts', default: './index.js' } },
    types: './index.d.ts',
    files: ['index.js', 'index.js.map', 'index.d.ts'],
    ...(Object.keys(peers).length > 0 && { peerDependencies: peers }),
    // The registry keeps packages with a scope private otherwise.
    publishConfig: { access: 'public' },
  };
  await writeFile(new URL('package.json', out), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Finds the declarations of this workspace. */
function workspaceTypes(external) {
  return {
    name: 'workspace-types',
    resolveId: (name) =>
      name.startsWith('@chorus/') && !external.includes(name)
        ? fileURLToPath(import.meta.resolve(name)).replace(/\.js$/, '.d.ts')
        : null,
  };
}
