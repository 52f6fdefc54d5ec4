import type { Logger } from '../telemetry/logger.js';
import type { Closeable } from './closer.js';

export interface RepeatedWorkOptions {
  /** One run. Long ones look at {@link RepeatedWork.closed}. */
  run(): Promise<void>;
  /** Pause between two runs, in milliseconds. */
  readonly intervalMs: number;
  /** Pause after a run that failed, in milliseconds. Default: `intervalMs`. */
  readonly retryMs?: number;
  /** Log lines at the begin and at the end of a series of failures: one of each, however many runs fail. */
  readonly texts: { readonly failing: string; readonly works: string };
  readonly log: Logger;
}

/** Runs work again and again, never twice at a time. */
export class RepeatedWork implements Closeable {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** The next run is due at once. */
  #soon = false;
  #failing = false;
  #closed = false;

  constructor(private readonly options: RepeatedWorkOptions) {}

  /** Whether it was told to stop. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Begins the first run. Called once. */
  start(): void {
    this.#soon = false;
    this.#running = this.#attempt().finally(() => {
      this.#running = undefined;
      if (this.#closed) return;
      const { intervalMs, retryMs = intervalMs } = this.options;
      this.#timer = setTimeout(() => this.start(), this.#soon ? 0 : this.#failing ? retryMs : intervalMs);
    });
  }

  /** Runs at once, or again after the run in progress. Without effect before {@link start}. */
  wake(): void {
    this.#soon = true;
    if (this.#running !== undefined || this.#closed || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.start();
  }

  /** Resolves after the run in progress. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #attempt(): Promise<void> {
    const { run, log, texts } = this.options;
    try {
      await run();
      if (this.#failing) log.info(texts.works);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.warn({ error: String(error) }, texts.failing);
      this.#failing = true;
    }
  }
}
