import type { ChildProcess } from 'node:child_process';
import type { Logger } from '@chorus/service/logger';
import type { Question, ToChild, ToParent } from './messages.js';

export interface GatewayProcessOptions {
  nodeId: string;
  launch(): ChildProcess;
  received(from: GatewayProcess, message: ToParent): void;
  pauseMs: number;
  longestPauseMs: number;
  log: Logger;
}

/** Whoever ran for so long, in milliseconds, did not die of its start. */
const LONG_LIFE_MS = 60_000;

/** One gateway process over its lives. */
export class GatewayProcess {
  /** It takes connections. */
  taking = false;
  /** It is on the port, perhaps only to say that nobody takes connections. */
  listens = false;
  readonly #options: GatewayProcessOptions;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #stopping = false;
  #deaths = 0;
  #ended: Promise<boolean> = Promise.resolve(true);
  #questions = 0;
  readonly #asked = new Map<number, (value: unknown) => void>();

  constructor(options: GatewayProcessOptions) {
    this.#options = options;
  }

  /** Which life it is in; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it. Resolves with true when it takes connections, and with false when it ended instead; then it is left so. */
  async startOnce(): Promise<boolean> {
    const child = this.#launch();
    const works = await new Promise<boolean>((resolve) => {
      child.once('message', () => resolve(true));
      void this.#ended.then(() => resolve(false));
    });
    if (works) this.#watch(child);
    return works;
  }

  /** Starts it, now and whenever it ends without having been told to. */
  start(): void {
    this.#watch(this.#launch());
  }

  /** Resolves when it has ended, with whether it did so in order; true if it does not run. */
  stop(): Promise<boolean> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (this.#child === undefined) return Promise.resolve(true);
    this.send({ type: 'stop' });
    return this.#ended;
  }

  /** Ends it at once. */
  force(): void {
    this.#child?.kill('SIGKILL');
  }

  /** To one that goes just now nothing needs to be said any more. */
  send(message: ToChild): void {
    if (this.#child?.connected) this.#child.send(message, () => undefined);
  }

  /** Asks it something. Resolves with undefined when it has not answered within that time, in milliseconds. */
  ask(what: Question, limitMs: number): Promise<unknown> {
    if (this.#child === undefined) return Promise.resolve(undefined);
    const question = ++this.#questions;
    return new Promise((resolve) => {
      const settle = (value: unknown): void => {
        this.#asked.delete(question);
        clearTimeout(timer);
        resolve(value);
      };
      const timer = setTimeout(settle, limitMs, undefined);
      this.#asked.set(question, settle);
      this.send({ type: 'ask', question, what });
    });
  }

  #launch(): ChildProcess {
    const child = this.#options.launch();
    this.#child = child;
    child.on('message', (message: ToParent) => {
      // What it said before it died may come after the news of its death.
      if (this.#child !== child) return;
      if (message.type === 'answer') this.#asked.get(message.question)?.(message.value);
      else this.#options.received(this, message);
    });
    this.#ended = new Promise((resolve) => {
      const gone = (code: number | null): void => {
        this.#child = undefined;
        for (const settle of [...this.#asked.values()]) settle(undefined);
        this.taking = false;
        this.listens = false;
        resolve(code === 0);
      };
      child.once('exit', gone);
      // There was no process to begin with: no memory, say, or no more processes allowed.
      child.once('error', (error) => {
        if (child.pid !== undefined) return;
        this.#options.log.error({ err: error }, 'cannot start a gateway process');
        gone(null);
      });
    });
    return child;
  }

  #watch(child: ChildProcess): void {
    const { nodeId, pauseMs, longestPauseMs, log } = this.#options;
    const start = performance.now();
    void this.#ended.then(() => {
      if (this.#stopping) return;
      if (performance.now() - start > LONG_LIFE_MS) this.#deaths = 0;
      const waitMs = Math.min(pauseMs * 2 ** this.#deaths++, longestPauseMs);
      const { pid, exitCode: code, signalCode: signal } = child;
      log.warn(
        { process: nodeId, pid, code, signal, waitMs },
        'a gateway process has ended and is started again',
      );
      this.#restart = setTimeout(() => this.start(), waitMs);
    });
  }
}
