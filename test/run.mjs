// Runs the tests: all of them, or the files given. Other arguments go to mocha.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureTestChromium, ensureTestRedis } from '@chorus/local';

/**
 * All tests: first those of the parts, then those over the whole. They wait for processes and clocks most of the time, so
 * several runs go on beside each other, of about the same length; more of them would disturb those that look at the clock.
 */
const PHASES = [
  [['packages/*/src/**/*.test.ts', 'prisma/src/**/*.test.ts'], ['apps/*/src/**/*.test.ts']],
  // A browser needs both cores.
  [['test/browser/**/*.test.ts']],
  [
    ['test/{cluster,contract}/**/*.test.ts'],
    ['test/{bench,loadtest,rehearse}/**/*.test.ts', 'test/*.test.ts'],
    [
      'test/**/*.test.ts',
      ...without('test/{bench,browser,cluster,contract,loadtest,rehearse}/**', 'test/*.test.ts'),
    ],
  ],
];

const root = fileURLToPath(new URL('..', import.meta.url));
const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));
const args = process.argv.slice(2);
const phases = args.some((arg) => arg.endsWith('.test.ts')) ? [[[]]] : PHASES;

// Mocha starts a process of its own, which no channel leads to.
const folder = mkdtempSync(join(tmpdir(), 'chorus-test-run-'));
// A terminal sends Ctrl-C to mocha as well, which then ends in its own way.
process.on('SIGINT', () => {});
try {
  await ensureTestRedis();
  // Before anything waits for it: to install it takes minutes.
  if (phases === PHASES || args.some((arg) => arg.includes('test/browser/'))) await ensureTestChromium();
  const counts = [];
  for (const phase of phases) {
    const runs = phase.map(startMocha);
    // What a run says is held back until those before it have ended.
    for (const run of runs) await run.show();
    counts.push(...(await Promise.all(runs.map((run) => run.counts))));
    if (counts.includes(undefined)) throw new Error('The tests ended before they were done.');
  }
  const sum = (name) => counts.reduce((total, count) => total + count[name], 0);
  const skipped = sum('pending') > 0 ? `, ${sum('pending')} skipped` : '';
  console.log(`${sum('passes')} passed, ${sum('failures')} failed${skipped}`);
  if (sum('failures') > 0) process.exitCode = 1;
} catch (error) {
  console.error(['StartError', 'Error'].includes(error.name) ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** Starts a run. Its counts are undefined when it did not end as it should. */
function startMocha(files) {
  const color = process.stdout.isTTY ? ['--color'] : [];
  const countsFile = join(folder, `${randomUUID()}.json`);
  const child = spawn(
    process.execPath,
    [mocha, '--reporter', 'test/support/reporter.cjs', ...color, ...args, ...files],
    { cwd: root, stdio: ['inherit', 'pipe', 'pipe'], env: { ...process.env, TEST_COUNTS_FILE: countsFile } },
  );
  const counts = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const told = readCounts(countsFile);
      // Mocha's status is the number of failures.
      resolve(code === Math.min(told?.failures, 255) ? told : undefined);
    });
  });
  const ended = counts.catch(() => undefined);
  const held = [];
  let shown = false;
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.on('data', (data) => {
      if (shown) to.write(data);
      else held.push(() => to.write(data));
    });
  }
  const show = () => {
    for (const write of held.splice(0)) write();
    shown = true;
    return ended;
  };
  return { counts, show };
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function without(...patterns) {
  return patterns.flatMap((pattern) => ['--ignore', pattern]);
}
