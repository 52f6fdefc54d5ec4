import { setTimeout as sleep } from 'node:timers/promises';
import type { Closeable, Logger } from '@chorus/service';
import { ArchiveError } from './archive-error.js';

/** First pause after a failure, and the longest pause per failing store, in milliseconds. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
/** A retry costs nothing while Redis is unreachable, and everything must work two seconds after its return. */
const LAST_REDIS_RETRY_MS = 1_000;

/** What an {@link Archiver} stores. */
export interface ArchiverWork {
  /**
   * Stores some of what waits in Redis.
   * @returns whether more is likely to wait
   * @throws {ArchiveError} nothing is lost; the next cycle continues where this one failed
   */
  cycle(): Promise<boolean>;
  /** Whether nothing waits. @throws {ArchiveError} */
  isDone(): Promise<boolean>;
}

/**
 * Archives until it is closed: without pauses while many messages wait, else every `intervalMs`. While PostgreSQL or
 * Redis is unreachable it retries with growing pauses and logs one line for the outage.
 */
export class Archiver implements Closeable {
  #stopped = false;
  #running: Promise<void> | undefined;
  #failures = 0;
  #failure: string | undefined;
  /** Whether it was woken since the last batch started. */
  #woken = false;
  /** Ends the current pause, if it may end for this reason. */
  #endPause: (reason: 'woken' | 'stopped') => void = () => {};

  constructor(
    private readonly work: ArchiverWork,
    private readonly log: Logger,
    private readonly intervalMs: number,
    /** What it stores, in its log lines. */
    private readonly what = 'messages',
  ) {}

  /** Why nothing can be stored at the moment; undefined if all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * A message waits: starts at once instead of after the interval. Calls within one tick of the event loop are
   * handled together.
   */
  wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.#endPause('woken');
  }

  /**
   * Stores all that waits, before a shutdown that loses what is left.
   * @returns whether all were stored within `timeoutMs`
   */
  async flush(timeoutMs: number): Promise<boolean> {
    await this.close();
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      const pause = await this.#attempt();
      try {
        if (await this.work.isDone()) return true;
      } catch (error) {
        this.log.debug({ error: String(error) }, 'backlog not known');
      }
      // Leased or failed messages become available later.
      await sleep(Math.min(pause, FIRST_RETRY_MS));
    }
    return false;
  }

  /** Resolves after the current batch. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#endPause('stopped');
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#woken = false;
      const pause = await this.#attempt();
      if (pause > 0) await this.#pause(pause);
    }
  }

  /** Pauses. New messages do not shorten a pause after a failure. */
  #pause(pauseMs: number): Promise<void> {
    const failed = this.#failures > 0;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        setImmediate(resolve);
      };
      const timer = setTimeout(end, pauseMs);
      this.#endPause = (reason) => {
        if (reason === 'stopped' || !failed) end();
      };
      if (this.#stopped) this.#endPause('stopped');
      else if (this.#woken) this.#endPause('woken');
    });
  }

  /** @returns the next pause in milliseconds */
  async #attempt(): Promise<number> {
    try {
      const more = await this.work.cycle();
      if (this.#failures > 0) this.log.info({ failures: this.#failures }, `${this.what} can be stored again`);
      this.#failures = 0;
      this.#failure = undefined;
      return more ? 0 : this.intervalMs;
    } catch (error) {
      this.#failure = error instanceof ArchiveError ? `${error.server} does not answer` : 'internal error';
      this.#failures++;
      if (this.#failures === 1) {
        this.log.warn({ error: String(error) }, `${this.what} cannot be stored: they are kept and retried`);
      }
      const longest =
        error instanceof ArchiveError && error.server === 'Redis' ? LAST_REDIS_RETRY_MS : LAST_RETRY_MS;
      const pause = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10), longest);
      // Half of it is random, so that replicas do not retry together.
      return pause * (0.5 + Math.random() / 2);
    }
  }
}
