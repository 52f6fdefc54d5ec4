// Creates the folder of an image: one program with the packages that it needs to run, and nothing else. node
// deploy/ship.mjs <api|gateway|archiver|migrate> <folder>
// It copies from an installed and compiled clone, so it needs no registry. Compared with `pnpm deploy --prod` it
// omits optional peers (such as the Prisma CLI and its engines), builds for other systems and databases, types,
// source maps and sources.
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
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Location of each program, dependencies of its package that it does not use itself, and the page that it serves. */
const PROGRAMS = {
  api: { folder: 'apps/api', unused: [], page: 'apps/web/dist' },
  gateway: { folder: 'apps/gateway', unused: [] },
  archiver: { folder: 'apps/archiver', unused: [] },
  migrate: { folder: 'prisma', unused: ['@prisma/client', '@prisma/adapter-pg'] },
};

const { platform, arch, versions } = process;

/**
 * Files of packages that contain builds for several platforms: those for this system, Node and PostgreSQL. By the
 * name, or scope, in package.json.
 */
const FITTING = {
  uwebsockets: (file) =>
    extname(file) !== '.node' || file === `uws_${platform}_${arch}_${versions.modules}.node`,
  bcrypt: (file) => extname(file) !== '.node' || file.startsWith(`prebuilds/${platform}-${arch}/`),
  // Other builds are for bundlers.
  '@opentelemetry': (file) => !/^build\/(esm|esnext)\//.test(file),
  // Loaded only by `require`, and without unstable names.
  '@opentelemetry/semantic-conventions': (file) =>
    extname(file) !== '.mjs' && !/(^|\/)(experimental_|index-incubating)/.test(file),
  // The page about the API needs one of its builds.
  'swagger-ui-dist': (file) => !/\.(js|txt)$/.test(file) || file.startsWith('swagger-ui-bundle.js'),
  // Only this project uses it, and by `import`.
  zod: (file) => extname(file) !== '.cjs',
  '@prisma/client': (file) =>
    !file.startsWith('runtime/') ||
    /^runtime\/(client\.js|query_compiler_fast_bg\.postgresql(\.wasm-base64)?\.mjs)$/.test(file),
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

let packages = 0;
let bytes = 0;
ship(join(root, program.folder), resolve(target), program.unused);
if (program.page !== undefined) {
  copyPage(join(root, program.page), join(resolve(target), 'web'));
}
console.log(`${name}: ${packages} packages, ${(bytes / 1e6).toFixed(1)} MB`);

/** Copies a program with all its dependencies, laid out as by a package manager without links. */
function ship(source, folder, unused) {
  const top = { source: realpathSync(source), folder, inside: new Map(), above: undefined };
  const waiting = [top];
  for (const place of waiting) {
    copyPackage(place.source, place.folder);
    for (const dependency of dependenciesOf(place.source)) {
      if (place === top && unused.includes(dependency.name)) continue;
      const found = find(dependency.name, place.source);
      if (found === undefined) {
        if (dependency.optional) continue;
        fail(`${dependency.name}, which ${place.source} needs, is not installed`);
      }
      const host = hostFor(dependency.name, found, place, top);
      if (host === undefined) continue;
      const next = {
        source: found,
        folder: join(host.folder, 'node_modules', dependency.name),
        inside: new Map(),
        above: host,
      };
      host.inside.set(dependency.name, next);
      waiting.push(next);
    }
  }
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

function copyPackage(source, folder) {
  const { name: packageName } = readManifest(source);
  const ours = packageName.startsWith('@chorus/');
  const fits = FITTING[packageName] ?? FITTING[packageName.split('/')[0]] ?? (() => true);
  packages += 1;
  for (const file of filesIn(source, ours)) {
    if (!(ours ? isOurs(file) : isUsed(file)) || !fits(file)) continue;
    const from = join(source, file);
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    copyFileSync(from, join(folder, file));
    bytes += statSync(from).size;
  }
}

/** Copies a built page to the folder that WEB_DIR of the image names. */
function copyPage(source, folder) {
  if (!existsSync(join(source, 'index.html'))) fail(`${source} has not been built`);
  cpSync(source, folder, { recursive: true });
  for (const file of filesIn(source, false)) bytes += statSync(join(source, file)).size;
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
  return RUNS.has(extname(file)) || TERMS.test(basename(file)) || SERVED.has(file);
}

/**
 * Everything of this project's packages except what only compiling and testing need: some read other files, such as
 * scripts for Redis.
 */
function isOurs(file) {
  return !/\.(map|d\.ts|tsbuildinfo)$|\.test\.js$|(^|\/)tsconfig\.json$/.test(file);
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
