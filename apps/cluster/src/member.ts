import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from '@chorus/local';
import { StartError } from '@chorus/service';

/** A running process that is ready. */
export interface RunningProcess {
  readonly url: string;
  /** URL of its operator port; undefined without one. */
  readonly operatorUrl?: string | undefined;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  close(): Promise<void>;
}

export interface MemberOptions {
  nodeId: string;
  /** Starts the process, with a constant node id, port and data. */
  launch(): Promise<RunningProcess>;
  /** Whether to restart it when it dies. */
  restart: boolean;
  /** Called when the process becomes ready, and when it ends unexpectedly. */
  changed(what: string): void;
}

const RESTART_PAUSE_MS = 1_000;

/** One process of the cluster, over its restarts. */
export class Member {
  readonly nodeId: string;
  readonly #options: MemberOptions;
  #process: RunningProcess | undefined;
  #last: RunningProcess | undefined;
  #stopping = false;
  #starting: Promise<void> | undefined;

  constructor(options: MemberOptions) {
    this.nodeId = options.nodeId;
    this.#options = options;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Constant over restarts; empty before the first start. */
  get url(): string {
    return this.#last?.url ?? '';
  }

  /** URL of its operator port, constant over restarts; undefined without one. */
  get operatorUrl(): string | undefined {
    return this.#last?.operatorUrl;
  }

  /** Pid of the running process, or of the previous one; 0 before the first start. */
  get pid(): number {
    return this.#last?.pid ?? 0;
  }

  /** Resolves when the process is ready; does nothing while it runs. @throws {StartError} */
  start(): Promise<void> {
    if (this.running) return Promise.resolve();
    this.#stopping = false;
    this.#starting ??= this.#launch().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Sends a signal, for tests of failures; does nothing while the process does not run. */
  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Resolves with the exit of the running process; at once if none runs. */
  async exited(): Promise<Exit | undefined> {
    return this.#process?.exited;
  }

  /** Stops the process in order; it can be started again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#starting?.catch(() => {});
    await this.#process?.close();
    this.#process = undefined;
  }

  async #launch(): Promise<void> {
    const process = await this.#options.launch();
    this.#process = process;
    this.#last = process;
    void process.exited.then((exit) => this.#ended(process, exit));
    if (!this.#stopping) this.#options.changed(`${this.nodeId} is ready (pid ${process.pid})`);
  }

  #ended(process: RunningProcess, { code, signal }: Exit): void {
    if (this.#process === process) this.#process = undefined;
    if (this.#stopping) return;
    const how = signal === null ? `with status ${code}` : `by ${signal}`;
    this.#options.changed(`${this.nodeId} has ended ${how} (pid ${process.pid})`);
    if (this.#options.restart) void this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    while (!this.#stopping && !this.running) {
      await sleep(RESTART_PAUSE_MS, undefined, { ref: false });
      if (this.#stopping) return;
      try {
        await this.start();
      } catch (error) {
        const reason = error instanceof StartError ? error.message : String(error);
        this.#options.changed(`${this.nodeId} does not start: ${reason}`);
      }
    }
  }
}
