// Runs the tests: all of them, or the files given. Other arguments go to mocha.
//
// Whatever happens, all that was started has ended when this process ends, and its last lines are the failures and
// `N passed, N failed`. It loads nothing that has to be installed or compiled first, because that can fail as well.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Outcome } from './runner/outcome.mjs';

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
const args = process.argv.slice(2);
const phases = args.some((arg) => arg.endsWith('.test.ts')) ? [[[]]] : PHASES;
const outcome = new Outcome();
/** What runs at the moment, and can be ended. */
const running = new Set();
let stopped = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(`ended by ${signal}`));
process.on('uncaughtException', (error) => stop(String(error.stack ?? error)));
const folder = mkdtempSync(join(tmpdir(), 'chorus-test-run-'));
try {
  await prepare();
  for (const phase of phases) if (!stopped) await runPhase(phase);
} catch (error) {
  const expected = ['StartError', 'Error'].includes(error.name);
  if (!stopped) outcome.fail('the tests', String(expected ? error.message : error.stack));
} finally {
  await Promise.allSettled([...running].map((each) => each.kill()));
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = outcome.failures.length > 0 ? 1 : 0;
process.stdout.write(outcome.text());

/** Compiles, and gets what tests need of the system. */
async function prepare() {
  const bootstrap = spawn(process.execPath, ['packages/local/bootstrap.mjs'], {
    cwd: root,
    stdio: 'inherit',
  });
  running.add(bootstrap);
  const status = await new Promise((resolve, reject) => {
    bootstrap.once('error', reject);
    bootstrap.once('exit', (code, signal) => resolve(signal ?? code));
  });
  running.delete(bootstrap);
  if (status !== 0) throw new Error('the project does not build: see above');
  const { ensureTestChromium, ensureTestRedis } = await import('@chorus/local');
  await ensureTestRedis();
  // Before anything waits for it: to install it takes minutes.
  if (phases === PHASES || args.some((arg) => arg.includes('test/browser/'))) await ensureTestChromium();
}

async function runPhase(phase) {
  const { MochaProcess } = await import('./runner/mocha-process.mjs');
  const color = process.stdout.isTTY ? ['--color'] : [];
  const runs = phase.map((files, index) => {
    const record = join(folder, `${PHASES.indexOf(phase)}-${index}`);
    return new MochaProcess({ root, args: [...color, ...args, ...files], record, outcome });
  });
  for (const run of runs) {
    running.add(run);
    void run.ended.then(() => running.delete(run));
  }
  // What a run says is held back until those before it have ended.
  for (const run of runs) await run.show();
}

/** Ends everything; what was done by then counts. */
function stop(why) {
  if (stopped) return;
  stopped = true;
  outcome.fail('the run', why);
  for (const each of running) void each.kill();
}

function without(...patterns) {
  return patterns.flatMap((pattern) => ['--ignore', pattern]);
}
