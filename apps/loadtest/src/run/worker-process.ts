import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromWorker, Tick, ToWorker } from './ipc.js';
import { LoadError } from './load-parts.js';

/** The compiled program, even if this file runs from source. */
const MAIN = fileURLToPath(new URL('../../dist/worker/main.js', import.meta.url));
const KEPT_ERRORS = 2_000;
const LAST_WORDS_MS = 500;

type Answer<Type extends FromWorker['type']> = Extract<FromWorker, { type: Type }>;

/** The other end is our own program: a message with a type has that type's fields. */
function isFromWorker(message: unknown): message is FromWorker {
  return typeof message === 'object' && message !== null && 'type' in message;
}

/** One worker, which always ends with this process. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #received: FromWorker[] = [];
  readonly #listeners = new Set<() => void>();
  #errors = '';
  #ended = false;
  /** Whether it has reported, and may end. */
  #done = false;
  #failure: LoadError | undefined;

  constructor(
    private readonly name: string,
    /** Options of Node. */
    execArgv: readonly string[],
    private readonly onTick: (tick: Tick) => void,
    /** Called when it failed, or ended early. */
    private readonly onFailure: (error: LoadError) => void,
  ) {
    this.#child = fork(MAIN, [], {
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-KEPT_ERRORS);
    });
    this.#child.on('message', (message) => {
      if (isFromWorker(message)) this.#take(message);
    });
    this.#child.once('error', (error) => this.#fail(error.message));
    this.#child.once('exit', (code, signal) => {
      this.#ended = true;
      const why = signal === null ? `exit code ${code}` : signal;
      const tell = (): void => {
        clearTimeout(timer);
        this.#child.stderr?.destroy();
        this.#fail(`ended with ${why}${this.#lastWords()}`);
      };
      // Its last output may still arrive; but a process that it started may keep the pipe open.
      const timer = setTimeout(tell, LAST_WORDS_MS);
      this.#child.once('close', tell);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(order: ToWorker): void {
    // An order to a worker that is gone can be dropped; `close` reports its end.
    if (this.#child.connected) this.#child.send(order, () => undefined);
  }

  /** Returns the next message of a kind. @throws {LoadError} when the worker ends before, or takes too long */
  next<Type extends FromWorker['type']>(type: Type, timeoutMs: number): Promise<Answer<Type>> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const look = (): void => {
        const at = this.#received.findIndex((message) => message.type === type);
        if (at === -1) {
          if (this.#failure === undefined) return;
          settle();
          reject(this.#failure);
          return;
        }
        settle();
        resolve(this.#received.splice(at, 1)[0] as Answer<Type>);
      };
      const timer = setTimeout(() => {
        settle();
        reject(new LoadError(`${this.name} did not answer within ${timeoutMs / 1_000} s`));
      }, timeoutMs);
      this.#listeners.add(look);
      look();
    });
  }

  /** Resolves when it has ended; after the grace time it is killed. */
  async close(graceMs: number): Promise<void> {
    if (this.#ended) return;
    const ended = once(this.#child, 'exit');
    if (this.#child.connected && graceMs === 0) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(timer);
  }

  #take(message: FromWorker): void {
    if (message.type === 'tick') this.onTick(message.tick);
    else if (message.type === 'failed') this.#fail(message.why);
    else {
      this.#done ||= message.type === 'report';
      this.#received.push(message);
      for (const look of [...this.#listeners]) look();
    }
  }

  #fail(why: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new LoadError(`${this.name}: ${why}`);
    for (const look of [...this.#listeners]) look();
    if (!this.#done) this.onFailure(this.#failure);
  }

  /** Returns the last meaningful line that it wrote: an uncaught error begins with its name. */
  #lastWords(): string {
    const lines = this.#errors.trim().split('\n');
    const line = lines.findLast((text) => /error/i.test(text)) ?? lines.at(-1) ?? '';
    return line === '' ? '' : `: ${line.trim()}`;
  }
}
