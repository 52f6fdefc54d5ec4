import { Refusal } from '@chorus/protocol';
import pLimit, { type LimitFunction } from 'p-limit';
import { unavailable } from '../../http/unavailable.js';

/** What to tell a client that does not get into the queue, in seconds. */
const RETRY_AFTER_SECONDS = 5;

/** Runs expensive work a few pieces at a time, and refuses more when too much is waiting. */
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

  /** Tasks for which there was no room, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * @param wanted asked when it is the task's turn: work for a client that has hung up is skipped
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
