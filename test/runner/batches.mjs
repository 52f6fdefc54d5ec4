import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The batches of a whole run, the longest first: each runs in one process, and several beside each other. A file belongs to
 * the first batch whose pattern matches; a new file needs no entry.
 */
const BATCHES = [
  /^test\/browser\//,
  /^test\/chaos\//,
  /^test\/[^/]*standalone[^/]*$/,
  /^test\/cluster\/[a-k]/,
  /^test\/cluster\//,
  /^test\/contract\//,
  /^test\/cluster-command/,
  /^test\/(rehearse|bench)\//,
  /^packages\/broker\//,
  /^apps\/gateway\//,
  /^apps\/loadtest\//,
  /^test\/[^/]*$/,
  /^test\/(client|openapi|runner|metrics|traces)\//,
  /^packages\/local\//,
  /^prisma\//,
  /^apps\/api\//,
  /^test\//,
  /^apps\//,
  /./,
];

const TEST = /\.test\.tsx?$/;
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

function testFiles(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile()) return TEST.test(entry.name) ? [path] : [];
    if (!entry.isDirectory() || ['node_modules', 'dist', 'generated'].includes(entry.name)) return [];
    return testFiles(root, path);
  });
}
