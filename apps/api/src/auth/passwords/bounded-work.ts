import { Refusal } from '@chorus/protocol';
import pLimit, { type LimitFunction } from 'p-limit';
import { unavailable } from '../../http/unavailable.js';

/** `Retry-After` of requests that are refused because the queue is full, in seconds. */
const RETRY_AFTER_SECONDS = 5;

/** Runs expensive tasks with bounded concurrency and a bounded queue. */
export class BoundedWork {
  readonly #limit: LimitFunction;
  #refused = 0;

  constructor(
    concurrency: number,
    private readonly maxWaiting: number,
  ) {
    this.#limit = pLimit(concurrency);
  }

  get running(): number {
    return this.#limit.activeCount;
  }

  get waiting(): number {
    return this.#limit.pendingCount;
  }

  /** Number of tasks refused because the queue was full, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * @param wanted called when the task's turn comes: false skips work for a client that has disconnected
   * @throws {Refusal} 503 when the queue is full
   */
  async run<T>(task: () => Promise<T>, wanted: () => boolean): Promise<T> {
    if (this.#limit.pendingCount >= this.maxWaiting) {
      this.#refused++;
      throw unavailable(new Error('too many passwords are waiting to be hashed'), RETRY_AFTER_SECONDS);
    }
    return this.#limit(() => {
      if (!wanted()) throw new Refusal('client_gone');
      return task();
    });
  }
}
