import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/**
 * The batches of a whole run, the longest first: each runs in one process, and several beside each other. A file belongs to
 * the first batch whose pattern matches; a new file needs no entry.
 */
const BATCHES = [
  /^test\/browser\/(changing-messages|looks|members|operator-page|other-origin)\./,
  /^test\/browser\//,
  /^test\/chaos\/[^/]*$/,
  /^test\/[^/]*standalone[^/]*$/,
  /^test\/cluster\/(gateways|redis)\//,
  /^test\/cluster\//,
  /^test\/contract\//,
  /^test\/cluster-command\//,
  /^test\/(rehearse|bench)\//,
  /^packages\/broker\//,
  /^apps\/gateway\//,
  /^apps\/loadtest\//,
  /^test\/[^/]*$/,
  /^test\/chaos\//,
  /^test\/(client|openapi|runner|metrics|traces)\//,
  /^packages\/local\//,
  /^prisma\//,
  /^apps\/api\//,
  /^test\//,
  /^apps\//,
  /./,
];

/** Names of files with tests. */
export const TEST = /\.test\.(tsx?|js)$/;
const TYPESCRIPT = /\.tsx?$/;
/** Of suites that `npm test` leaves out, because they take minutes; each has a short form that it runs. */
const LONG = /\.long\.test\.ts$/;

/**
 * @param {string} root
 * @param {{ long: boolean }} options `long`: only the long suites, one after the other; otherwise all others
 * @returns {string[][]} the files of each batch, relative to `root`
 */
export function planBatches(root, { long }) {
  const files = ['packages', 'prisma', 'apps', 'test'].flatMap((folder) => testFiles(root, folder)).sort();
  if (long) return [files.filter((file) => LONG.test(file))];
  const batches = BATCHES.map(() => []);
  for (const file of files.filter((file) => !LONG.test(file))) {
    batches[BATCHES.findIndex((pattern) => pattern.test(file))].push(file);
  }
  return batches.filter((batch) => batch.length > 0);
}

/** @returns the arguments with the test files below a folder, relative to `root`, in place of the folder */
export function expandFolders(root, args) {
  return args.flatMap((arg) => {
    const folder = arg.replace(/\/+$/, '');
    const isFolder = statSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory() === true;
    return isFolder ? testFiles(root, folder).sort() : [arg];
  });
}

/**
 * Divides arguments of mocha into runs that need no loader for TypeScript and runs that do. All files but those of the chat
 * page run in compiled form, which takes less CPU time. `src` and `dist` have the same depth, so relative paths hold; below
 * `test/` files use `root` instead.
 *
 * @param {string} root
 * @param {readonly string[]} args options, and paths of files relative to `root`
 * @returns {Array<{ args: string[], typescript: boolean }>}
 */
export function divideByLoader(root, args) {
  const options = args.filter((arg) => !TEST.test(arg));
  const files = args.filter((arg) => TEST.test(arg)).map((file) => compiledFile(root, file) ?? file);
  const kinds = [false, true].map((typescript) => ({
    typescript,
    files: files.filter((file) => TYPESCRIPT.test(file) === typescript),
  }));
  return kinds
    .filter((kind) => kind.files.length > 0)
    .map(({ files, typescript }) => ({ typescript, args: [...options, ...files] }));
}

/** @returns the compiled form of a test file; undefined if it has none */
function compiledFile(root, file) {
  const path = relative(root, resolve(root, file));
  const compiled = path
    .replace(/\/src\/|^test\//, (folder) => (folder === 'test/' ? 'test/dist/' : '/dist/'))
    .replace(TYPESCRIPT, '.js');
  return existsSync(join(root, compiled)) ? compiled : undefined;
}

function testFiles(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile()) return TEST.test(entry.name) ? [path] : [];
    if (!entry.isDirectory() || ['node_modules', 'dist', 'generated'].includes(entry.name)) return [];
    return testFiles(root, path);
  });
}
