import { setTimeout as sleep } from 'node:timers/promises';
import type { Closeable, Logger } from '@chorus/service';
import { ArchiveError, type ArchiveWork } from './archive-work.js';

/** First pause after a failure, and the longest, in milliseconds. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

/**
 * Archives for as long as it runs: at full speed while much waits, every `intervalMs` otherwise. While
 * PostgreSQL or Redis is away it tries again, less and less often, and writes one line for the outage.
 */
export class Archiver implements Closeable {
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #failures = 0;
  #failure: string | undefined;

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
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const pause = await this.#attempt();
      // Rejects when it is stopped.
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
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
      const pause = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10), LAST_RETRY_MS);
      // Half of it at random, so that replicas do not all come at the same moment.
      return pause * (0.5 + Math.random() / 2);
    }
  }
}
