import { setTimeout as sleep } from 'node:timers/promises';
import type { Closeable, Logger } from '@chorus/service';
import { ArchiveError, type ArchiveWork } from './archive-work.js';

/** First pause after a failure, and the longest by what failed, in milliseconds. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
/** While Redis is away a try costs nothing, and two seconds after its return all is to be well. */
const LAST_REDIS_RETRY_MS = 1_000;

/**
 * Archives for as long as it runs: at full speed while much waits, every `intervalMs` otherwise. While
 * PostgreSQL or Redis is away it tries again, less and less often, and writes one line for the outage.
 */
export class Archiver implements Closeable {
  #stopped = false;
  #running: Promise<void> | undefined;
  #failures = 0;
  #failure: string | undefined;
  /** Something came since the last batch was begun. */
  #woken = false;
  /** Ends the pause that is under way, if it may end for this. */
  #endPause: (reason: 'woken' | 'stopped') => void = () => {};

  constructor(
    private readonly work: ArchiveWork,
    private readonly log: Logger,
    private readonly intervalMs: number,
  ) {}

  /** Why nothing can be stored at the moment; undefined while all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something waits: begins at once instead of after the interval. What comes in one turn of the event loop goes together. */
  wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.#endPause('woken');
  }

  /**
   * Stores everything that waits, for an end after which nothing of it is left.
   * @returns whether all of it was stored within `timeoutMs`
   */
  async flush(timeoutMs: number): Promise<boolean> {
    await this.close();
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      const pause = await this.#attempt();
      try {
        if ((await this.work.backlogBytes()) === 0) return true;
      } catch (error) {
        this.log.debug({ error: String(error) }, 'backlog not known');
      }
      // What is leased, or failed: it comes back.
      await sleep(Math.min(pause, FIRST_RETRY_MS));
    }
    return false;
  }

  /** Ends after the batch that is being worked on. */
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

  /** A pause after a failure is not shortened by what comes meanwhile. */
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

  /** @returns how long to pause, in milliseconds */
  async #attempt(): Promise<number> {
    try {
      const more = await this.work.cycle();
      if (this.#failures > 0) this.log.info({ failures: this.#failures }, 'messages are stored again');
      this.#failures = 0;
      this.#failure = undefined;
      return more ? 0 : this.intervalMs;
    } catch (error) {
      this.#failure = error instanceof ArchiveError ? `${error.server} does not answer` : 'internal error';
      this.#failures++;
      if (this.#failures === 1) {
        this.log.warn({ error: String(error) }, 'messages cannot be stored: they are kept, and tried again');
      }
      const longest =
        error instanceof ArchiveError && error.server === 'Redis' ? LAST_REDIS_RETRY_MS : LAST_RETRY_MS;
      const pause = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10), longest);
      // Half of it at random, so that replicas do not all come at the same moment.
      return pause * (0.5 + Math.random() / 2);
    }
  }
}
