// Makes the folder that an image ships: one program with the packages that it needs to run, and nothing else.
//
//   node deploy/ship.mjs <api|gateway|archiver|migrate> <folder>
//
// It copies from a clone that is installed and compiled, so it needs no registry. What it leaves out, compared with
// `pnpm deploy --prod`: what packages merely can be used with (the Prisma CLI and its engines come that way), builds
// for other systems and databases, types, source maps, sources.
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

/** Where each program is, which dependencies of its package it does not use itself, and the page that it serves. */
const PROGRAMS = {
  api: { folder: 'apps/api', unused: [], page: 'apps/web/dist' },
  gateway: { folder: 'apps/gateway', unused: [] },
  archiver: { folder: 'apps/archiver', unused: [] },
  migrate: { folder: 'prisma', unused: ['@prisma/client', '@prisma/adapter-pg'] },
};

const { platform, arch, versions } = process;

/** Files of packages with builds for everything: those of this system, of Node and of PostgreSQL. By the name, or scope, in package.json. */
const FITTING = {
  uwebsockets: (file) =>
    extname(file) !== '.node' || file === `uws_${platform}_${arch}_${versions.modules}.node`,
  bcrypt: (file) => extname(file) !== '.node' || file.startsWith(`prebuilds/${platform}-${arch}/`),
  // Builds for bundlers.
  '@opentelemetry': (file) => !/^build\/(esm|esnext)\//.test(file),
  // Loaded by `require` only, and without the names that are not final yet.
  '@opentelemetry/semantic-conventions': (file) =>
    extname(file) !== '.mjs' && !/(^|\/)(experimental_|index-incubating)/.test(file),
  // The page about the API needs one of its builds.
  'swagger-ui-dist': (file) => !/\.(js|txt)$/.test(file) || file.startsWith('swagger-ui-bundle.js'),
  // Only we use it, and by `import`.
  zod: (file) => extname(file) !== '.cjs',
  '@prisma/client': (file) =>
    !file.startsWith('runtime/') ||
    /^runtime\/(client\.js|query_compiler_fast_bg\.postgresql(\.wasm-base64)?\.mjs)$/.test(file),
};

/** Dependencies that nothing is done with: this one only tells its maker who installs it, and is not installed either. */
const LEFT_OUT = new Set(['@scarf/scarf']);

/** What runs, and the terms under which it may. */
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

/** Copies a program and everything that it depends on, the way a package manager without links would lay it out. */
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

/** Where a dependency has to be for `place` to find it: at the top unless another version is in the way; undefined if it is found already. */
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

/** The folder of a dependency, found as Node finds it. */
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

/** Copies a page as it was built, to where WEB_DIR of the image points. */
function copyPage(source, folder) {
  if (!existsSync(join(source, 'index.html'))) fail(`${source} has not been built`);
  cpSync(source, folder, { recursive: true });
  for (const file of filesIn(source, false)) bytes += statSync(join(source, file)).size;
}

/** Paths of files below a folder, without those of other packages. */
function filesIn(folder, ours, below = '') {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (!entry.isDirectory()) return entry.isFile() ? [path] : [];
    if (entry.name === 'node_modules' || (ours && isLeftOut(below, entry.name))) return [];
    return NOT_FOR_USE.has(entry.name) || entry.name.startsWith('.') ? [] : filesIn(folder, ours, path);
  });
}

/** Sources, and what serves to test: by their folders. */
function isLeftOut(below, name) {
  return name === 'testing' || (below === '' && name === 'src');
}

function isUsed(file) {
  return RUNS.has(extname(file)) || TERMS.test(basename(file)) || SERVED.has(file);
}

/** Of our own packages everything but what serves to compile and to test: some read other files, such as scripts for Redis. */
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
