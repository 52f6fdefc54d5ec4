import type { Closeable } from '@chorus/service';
import type { EventLog } from './event-log.js';

/** Interval at which the log is looked at while readers wait for events, in milliseconds. */
const INTERVAL_MS = 100;

interface Waiter {
  readonly after: number;
  wake(): void;
}

/** Tells waiting readers of new events. However many wait, one look at the log serves all. */
export class EventFeed implements Closeable {
  readonly #waiting = new Set<Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly log: Pick<EventLog, 'ends'>) {}

  /**
   * Resolves when the log has an event after `after`, after `ms` milliseconds, when `signal` aborts, or when the feed is closed.
   */
  async wait(after: number, ms: number, signal: AbortSignal): Promise<void> {
    if (this.#closed || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const waiter = { after, wake };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
      this.#waiting.add(waiter);
      this.#look();

      function wake(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        remove();
        resolve();
      }
      const remove = (): void => {
        this.#waiting.delete(waiter);
      };
    });
  }

  /** Whether it is closed: readers continue with what there is. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends all waiting. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const waiter of this.#waiting) waiter.wake();
  }

  #look(): void {
    if (this.#timer !== undefined || this.#closed || this.#waiting.size === 0) return;
    this.#timer = setTimeout(async () => {
      // An outage shows in the query of each reader.
      const last = await this.log.ends().then(
        (ends) => ends.last,
        () => Number.POSITIVE_INFINITY,
      );
      for (const waiter of this.#waiting) if (waiter.after < last) waiter.wake();
      this.#timer = undefined;
      this.#look();
    }, INTERVAL_MS);
  }
}
