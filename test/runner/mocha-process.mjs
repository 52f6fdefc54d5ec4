import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { endWithOwner, guardedCommand, lookUpProcess } from '@chorus/local';

/** Mocha without the process around it, which `node-option` of its configuration would make. */
const MOCHA = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/_mocha');
/** How often to look what a run has started, in milliseconds. */
const LOOK_MS = 1_000;
/** What the guards of processes need to end them, in milliseconds. */
const GUARDS_MS = 10_000;
/** Characters of the end of a run's errors that are kept for its failure. */
const KEPT_ERRORS = 2_000;

/** One process that runs tests. It and all that it starts end with the runner, and before {@link ended} resolves. */
export class MochaProcess {
  /** Processes that it has started, themselves or by others, and when they were started. */
  #started = new Map();
  #held = [];
  #shown = false;
  #errors = '';

  /**
   * @param {{ root: string, args: readonly string[], typescript: boolean, record: string, env: Record<string, string>,
   *   outcome: import('./outcome.mjs').Outcome }} options `typescript`: whether files are TypeScript; `record`: where it writes
   *   what becomes of each test
   */
  constructor({ root, args, typescript, record, env, outcome }) {
    const loader = typescript ? ['--import', 'tsx'] : ['--enable-source-maps'];
    const mocha = [...loader, MOCHA, '--reporter', 'test/support/reporter.cjs', ...args];
    const { command, args: guarded } = guardedCommand(process.execPath, mocha, { signal: 'SIGKILL' });
    this.child = spawn(command, guarded, {
      cwd: root,
      // A process group of its own: Ctrl-C is for the runner.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env, TEST_RECORD_FILE: record },
    });
    endWithOwner(this.child);
    this.#take(this.child.stdout, process.stdout, () => {});
    this.#take(this.child.stderr, process.stderr, (text) => {
      this.#errors = (this.#errors + text).slice(-KEPT_ERRORS);
    });
    const looking = setInterval(() => void this.#look(), LOOK_MS);
    /** Resolves when it and everything that it started has ended, and its tests are counted. */
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(String(error)));
      this.child.once('close', (code, signal) => resolve(signal ?? code));
    }).then(async (end) => {
      clearInterval(looking);
      await this.#endRest();
      this.#count(record, end, outcome);
    });
  }

  /** Writes what it says from now on, after what it has said. Resolves when it has ended. */
  show() {
    for (const write of this.#held.splice(0)) write();
    this.#shown = true;
    return this.ended;
  }

  /** Ends it at once. */
  async kill() {
    await this.#look();
    this.#killGroup();
  }

  #take(from, to, note) {
    const decoder = new StringDecoder();
    from.on('data', (data) => {
      note(decoder.write(data));
      if (this.#shown) to.write(data);
      else this.#held.push(() => to.write(data));
    });
  }

  /** Remembers what runs below it, and forgets what has ended. */
  async #look() {
    const seen = new Set();
    const queue = [this.child.pid, ...this.#started.keys()];
    for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      const children = childrenOf(parent);
      if (children === undefined) {
        this.#started.delete(parent);
        continue;
      }
      for (const pid of children) {
        queue.push(pid);
        if (this.#started.has(pid)) continue;
        const found = await lookUpProcess(pid);
        if (found !== undefined) this.#started.set(pid, found.started);
      }
    }
  }

  #killGroup() {
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }

  /** Gives guards and processes that are ending their time, and ends what is left then. */
  async #endRest() {
    this.#killGroup();
    const deadline = performance.now() + GUARDS_MS;
    for (const [pid, started] of this.#started) {
      for (;;) {
        const running = await lookUpProcess(pid);
        if (running?.started !== started) break;
        if (performance.now() > deadline) {
          process.stderr.write(`the tests left this running, it was ended: ${running.command}\n`);
          process.kill(pid, 'SIGKILL');
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  #count(record, end, outcome) {
    const entries = readRecord(record);
    const failures = entries.filter(({ type }) => type === 'fail');
    outcome.passed += entries.filter(({ type }) => type === 'pass').length;
    outcome.skipped += entries.filter(({ type }) => type === 'pending').length;
    for (const { title, message } of failures) outcome.fail(title, message);
    outcome.suites.push(...entries.filter(({ type }) => type === 'suite'));
    const complete = entries.some(({ type }) => type === 'end');
    // Any other status than 0 needs a failure that explains it.
    if (complete && typeof end === 'number' && (end === 0 || failures.length > 0)) return;
    const at = entries.findLast(({ type }) => type === 'begin')?.title ?? 'the tests';
    const how = typeof end === 'number' ? `ended with status ${end}` : `was ended by ${end}`;
    const when = complete ? 'after the last test' : 'before the tests were done';
    outcome.fail(at, `the process ${how} ${when}\n${this.#errors.trim()}`);
  }
}

function readRecord(file) {
  try {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}

/** @returns the children of a process; undefined if it has ended. None where the system does not report them cheaply. */
function childrenOf(pid) {
  if (process.platform !== 'linux') return [];
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return undefined;
  }
}
