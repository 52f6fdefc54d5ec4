// Runs the tests: all of them, or the files and folders given. Other arguments go to mocha, except
//
//   --long        runs the long suites, which are left out otherwise
//   --durations   lists the suites that took longest
//
// Whatever happens, all that was started has ended when this process ends, and its last lines are the failures and
// `N passed, N failed`. It loads nothing that has to be installed or compiled first, because that can fail as well.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { divideByLoader, expandFolders, planBatches, TEST } from './runner/batches.mjs';
import { Outcome } from './runner/outcome.mjs';

/** Tests wait for processes and clocks much of the time, so more of them run than the machine has cores. */
const AT_ONCE = availableParallelism() + 2;

const root = fileURLToPath(new URL('..', import.meta.url));
const own = ['--long', '--durations'];
const [long, durations] = own.map((option) => process.argv.includes(option));
const args = expandFolders(
  root,
  process.argv.slice(2).filter((arg) => !own.includes(arg)),
);
const given = args.some((arg) => TEST.test(arg));
const batches = given ? [[]] : planBatches(root, { long });
/** Divided once everything is compiled. */
let runs = [];
const outcome = new Outcome();
/** What runs at the moment, and can be ended. */
const running = new Set();
/** Environment of all processes. */
const env = { TEST_PREPARED: 'true' };
let postgres;
let stopped = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(`ended by ${signal}`));
process.on('uncaughtException', (error) => stop(String(error.stack ?? error)));
const folder = mkdtempSync(join(tmpdir(), 'chorus-test-run-'));
try {
  // A run within a run has nothing left to do.
  if (!process.env.TEST_PREPARED) await prepare();
  runs = batches.flatMap((files) => divideByLoader(root, [...args, ...files]));
  await runBatches();
} catch (error) {
  const expected = ['StartError', 'Error'].includes(error.name);
  if (!stopped) outcome.fail('the tests', String(expected ? error.message : error.stack));
} finally {
  await Promise.allSettled([...running].map((each) => each.kill()));
  await postgres?.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = outcome.failures.length > 0 ? 1 : 0;
if (durations) process.stdout.write(outcome.durationsText());
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
  const { ensureTestChromium, ensureTestRedis, startTestPostgres } = await import('@chorus/testing');
  await ensureTestRedis();
  const all = !given && !args.some((arg) => /^(--grep|-g|--fgrep|-f)\b/.test(arg));
  // Before anything waits for it: to install it takes minutes.
  if (!given || args.some((arg) => arg.includes('test/browser/'))) await ensureTestChromium();
  // One for all processes. Where few tests run, a process that needs one starts its own.
  if (!all || stopped) return;
  postgres = await startTestPostgres();
  env.TEST_POSTGRES_URL = postgres.url;
}

async function runBatches() {
  const { MochaProcess } = await import('./runner/mocha-process.mjs');
  const color = process.stdout.isTTY ? ['--color'] : [];
  const waiting = [...runs.entries()];
  // What a run says is held back until those before it have ended.
  let shown = Promise.resolve();
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && !stopped; next = waiting.shift()) {
      const [index, { args, typescript }] = next;
      const record = join(folder, String(index));
      const run = new MochaProcess({ root, args: [...color, ...args], typescript, record, outcome, env });
      running.add(run);
      shown = shown.then(() => run.show());
      await run.ended;
      running.delete(run);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await shown;
}

/** Ends everything; what was done by then counts. */
function stop(why) {
  if (stopped) return;
  stopped = true;
  outcome.fail('the run', why);
  for (const each of running) void each.kill();
}
