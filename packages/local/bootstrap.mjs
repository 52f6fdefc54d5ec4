// Runs one of this project's programs, after doing whatever a clone still lacks for it:
//
//   node packages/local/bootstrap.mjs <program> [arguments]
//
// Needs nothing but Node and npm: it is what installs the rest. Quiet unless a step has something
// to do (one line on standard error) or fails (all that the step printed).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const stamps = join(root, 'node_modules', '.cache', 'chorus');

requireNode(manifest.engines.node.replace('>=', ''));
requirePlainPath();
await oncePerContent('install', 'Installing packages', ['pnpm-lock.yaml', 'pnpm-workspace.yaml'], () => {
  const [command, ...args] = packageManager(manifest.packageManager);
  // Without CI a changed node_modules folder makes pnpm ask, with NODE_ENV=production it leaves tools out.
  run(command, [...args, 'install', '--frozen-lockfile'], { CI: 'true', NODE_ENV: undefined });
});
if (!existsSync(join(root, 'prisma/src/generated'))) forget('generate');
await oncePerContent(
  'generate',
  'Generating the database client',
  ['prisma/schema.prisma', 'pnpm-lock.yaml'],
  () => run('npm', ['run', '--silent', 'generate'], {}, join(root, 'prisma')),
);
build();
await bundlePrograms();
if (!existsSync(join(root, 'apps/web/dist/index.html'))) forget('page');
await oncePerContent('page', 'Building the chat page', pageSources(), () =>
  run(
    join(root, 'apps/web/node_modules/.bin/vite'),
    ['build'],
    { NODE_ENV: 'production' },
    join(root, 'apps/web'),
  ),
);

if (!existsSync(join(root, 'apps/docs/dist/index.html'))) forget('docs');
await oncePerContent('docs', 'Building the documentation', documentationSources(), () =>
  run(process.execPath, ['apps/docs/build.mjs']),
);

const [program, ...args] = process.argv.slice(2);
if (program !== undefined) {
  const file = resolve(root, program);
  process.argv = [process.argv[0], file, ...args];
  await import(pathToFileURL(file).href);
}

function requireNode(wanted) {
  const [major, minor] = wanted.split('.').map(Number);
  const [ourMajor, ourMinor] = process.versions.node.split('.').map(Number);
  if (ourMajor > major || (ourMajor === major && ourMinor >= minor)) return;
  fail(`Chorus needs Node ${wanted} or later; this is Node ${process.versions.node}.`);
}

/** The builder of the chat page takes these characters for parts of an address. */
function requirePlainPath() {
  if (/[#?]/.test(root)) fail(`The path ${root} contains # or ?: move Chorus to a folder without them.`);
}

/** The pinned pnpm: the one that runs this script or is on the PATH if it is of that major version, else npm's. */
function packageManager(pinned) {
  const major = pinned.replace(/^pnpm@/, '').split('.')[0];
  const found = spawnSync('pnpm', ['--version'], { cwd: root, encoding: 'utf8' });
  if (found.status === 0 && found.stdout.trim().split('.')[0] === major) return ['pnpm'];
  return ['npx', '--yes', pinned];
}

/** Compiles what has changed; the compiler finds out by itself. */
function build() {
  const compiled = readdirSync(join(root, 'apps')).every((app) =>
    existsSync(join(root, 'apps', app, 'dist')),
  );
  if (!compiled) announce('Compiling');
  run(join(root, 'node_modules/.bin/tsc'), ['-b']);
}

/** Puts each program into a bundle if the compiler has changed one of its modules. */
async function bundlePrograms() {
  // Not before it is installed.
  const { bundle, PROGRAMS } = await import('./bundle.mjs');
  const names = Object.keys(PROGRAMS);
  if (names.some((name) => !existsSync(join(root, 'dist', `${name}.js`)))) forget('bundle');
  const folders = new Set(Object.values(PROGRAMS).map((entry) => dirname(entry)));
  for (const name of readdirSync(join(root, 'packages'))) folders.add(`packages/${name}/dist`);
  // Parts of programs that are neither programs nor packages.
  for (const name of ['apps/operator-page/dist', 'prisma/dist']) folders.add(name);
  const compiled = filesIn([...folders]).filter((file) => file.endsWith('.js'));
  await oncePerContent(
    'bundle',
    'Bundling the programs',
    ['packages/local/bundle.mjs', 'pnpm-lock.yaml', ...compiled],
    () => bundle(names),
  );
}

/** What the chat page is made of. */
function pageSources() {
  const sources = filesIn(['apps/web/src', 'packages/client/src', 'packages/protocol/src']);
  return ['apps/web/index.html', 'apps/web/vite.config.ts', 'pnpm-lock.yaml', ...sources];
}

/** What the documentation is made of. */
function documentationSources() {
  const sources = filesIn(['docs', 'apps/docs/src', 'apps/docs/pages']);
  // The index leads to pages in other folders.
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8');
  const others = [...index.matchAll(/\]\(\.\.\/([^)#]+\.md)/g)].map(([, file]) => file);
  return ['apps/docs/build.mjs', 'apps/web/src/icon.svg', 'pnpm-lock.yaml', ...others, ...sources];
}

/** Returns the files below folders, without tests. */
function filesIn(folders) {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Does a step when the files that it depends on are not those of the last time it succeeded. */
async function oncePerContent(name, title, files, step) {
  const hash = createHash('sha256').update(process.versions.modules);
  for (const file of files) hash.update(readFileSync(join(root, file)));
  const content = hash.digest('hex');
  const stamp = join(stamps, name);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === content) return;
  announce(title);
  await step();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, content);
}

function forget(name) {
  if (existsSync(join(stamps, name))) writeFileSync(join(stamps, name), '');
}

function run(command, args, env = {}, cwd = root) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
  if (result.status === 0) return;
  // Ctrl-C reached the step as well: nothing has failed.
  if (result.signal === 'SIGINT') process.exit(130);
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  fail(
    `${[command, ...args].join(' ')} failed${result.error === undefined ? '' : `: ${result.error.message}`}`,
  );
}

function announce(title) {
  process.stderr.write(`${title} …\n`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
