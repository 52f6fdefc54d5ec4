import { UnavailableError } from '@chorus/redis';

/** Limits and pace of a {@link MicroBatcher}. */
export interface BatchOptions {
  /** Maximum number of items in one batch. */
  maxItems: number;
  /** Maximum size of a batch, in units of size; a single larger item is sent alone. */
  maxSize: number;
  /** Maximum size of all items without a result before {@link MicroBatcher.add} refuses. */
  maxQueuedSize: number;
  /** Longest wait for further items at a high rate, in milliseconds. */
  maxWindowMs: number;
  /**
   * Items that have waited for longer than about this are refused instead of sent, in milliseconds: that happens after
   * a standstill of the process, and the caller may have sent them again elsewhere. Default: none is refused.
   */
  maxWaitMs?: number | undefined;
  /** How long items wait at the moment, from 0 ({@link MIN_SHARE} of the maximum) to 1 (all of it). Default 1. */
  gathering?: (() => number) | undefined;
}

/** Source of time. */
export interface BatchClock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /**
   * Runs the action after that number of milliseconds; 0 runs it at the end of this tick, after everything that arrived
   * in it.
   */
  after(ms: number, action: () => void): void;
}

const SYSTEM_CLOCK: BatchClock = {
  now: () => performance.now(),
  after: (ms, action) => {
    if (ms === 0) setImmediate(action);
    else setTimeout(action, ms);
  },
};

/** Too many items wait already: nothing was sent. */
export class BatchQueueFullError extends UnavailableError {
  override name = 'BatchQueueFullError';
}

/**
 * A batch is delayed only if about this many more items arrive within the delay. They share one script, one wake-up of
 * Redis and one of each node: `pnpm bench:peers --loads 500x4` measures the effect.
 */
const WORTHWHILE = 1;
/** The longest wait is at least this share of the maximum: about a millisecond, which saves a wake-up of Redis and of each node. */
const MIN_SHARE = 0.25;
/** Beyond this number of items, a longer wait saves little. */
const AMPLE = 32;
/** Minimum interval over which the arrival rate is measured, in milliseconds. */
const MEASURE_MS = 10;
/** Interval without arrivals after which earlier measurements are dropped, in milliseconds. */
const FORGET_MS = 100;

interface Queued<T, R> {
  item: T;
  size: number;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Gathers items into batches and sends one batch at a time, so that items keep their order even if a batch must be sent
 * again underneath.
 *
 * At a low rate a batch leaves in the tick of its first item. While a batch is in flight the next one gathers, which
 * adapts the size of batches to the load without any wait. A pause between batches is kept only if items arrive so fast
 * that a few milliseconds fill a batch.
 */
export class MicroBatcher<T, R> {
  #queue: Queued<T, R>[] = [];
  #busy = false;
  #scheduled = false;
  /** Size of all accepted items without a result. */
  #pendingSize = 0;
  /** Items per millisecond. */
  #rate = 0;
  #arrived = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** Time at which the first waiting item arrived, or from which the remaining ones could have been sent. */
  #waitingSince = 0;

  /**
   * @param send resolves with one result or error per item, in order. A rejection rejects all of them and the items
   *   waiting behind them, which would fail as well, only later.
   */
  constructor(
    private readonly send: (items: T[]) => Promise<Array<R | Error>>,
    private readonly sizeOf: (item: T) => number,
    private readonly options: BatchOptions,
    private readonly clock: BatchClock = SYSTEM_CLOCK,
  ) {}

  /** @throws {BatchQueueFullError} without queueing, if too much waits */
  add(item: T): Promise<R> {
    const size = this.sizeOf(item);
    if (this.#pendingSize > 0 && this.#pendingSize + size > this.options.maxQueuedSize) {
      return Promise.reject(new BatchQueueFullError('too many messages are waiting'));
    }
    this.#arrived++;
    this.#pendingSize += size;
    if (this.#queue.length === 0) this.#waitingSince = this.clock.now();
    return new Promise<R>((resolve, reject) => {
      this.#queue.push({ item, size, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#busy || this.#scheduled) return;
    this.#scheduled = true;
    const wait = this.#sentAt + this.#window() - this.clock.now();
    this.clock.after(wait < 1 ? 0 : wait, () => void this.#flush());
  }

  /** Time between the last batch and the next one, in milliseconds: 0 unless items arrive fast. */
  #window(): number {
    const { maxWindowMs, gathering } = this.options;
    const allowed = maxWindowMs * (MIN_SHARE + (1 - MIN_SHARE) * (gathering?.() ?? 1));
    return this.#rate * allowed < WORTHWHILE ? 0 : Math.min(allowed, AMPLE / this.#rate);
  }

  async #flush(): Promise<void> {
    this.#scheduled = false;
    this.#sentAt = this.clock.now();
    this.#measure(this.#sentAt);
    const { maxWaitMs = Number.POSITIVE_INFINITY } = this.options;
    if (this.#sentAt - this.#waitingSince > maxWaitMs) {
      this.#refuseAll();
      return;
    }
    this.#waitingSince = this.#sentAt;

    const batch = this.#take();
    this.#busy = true;
    try {
      const results = await this.send(batch.map((queued) => queued.item));
      let index = 0;
      for (const queued of batch) {
        const result = results[index++];
        if (result === undefined || result instanceof Error) {
          queued.reject(result ?? new Error('no result for this item'));
        } else queued.resolve(result);
      }
    } catch (error) {
      batch.push(...this.#queue);
      this.#queue = [];
      for (const queued of batch) queued.reject(error);
    }
    for (const queued of batch) this.#pendingSize -= queued.size;
    this.#busy = false;
    if (this.#queue.length > 0) this.#schedule();
  }

  #refuseAll(): void {
    for (const { size, reject } of this.#queue) {
      this.#pendingSize -= size;
      reject(new UnavailableError('the message waited for too long'));
    }
    this.#queue = [];
  }

  #measure(now: number): void {
    const elapsed = now - this.#measuredAt;
    if (elapsed < MEASURE_MS) return;
    const rate = this.#arrived / elapsed;
    this.#rate = elapsed > FORGET_MS ? rate : (this.#rate + rate) / 2;
    this.#arrived = 0;
    this.#measuredAt = now;
  }

  #take(): Queued<T, R>[] {
    let size = 0;
    let count = 0;
    for (const queued of this.#queue) {
      size += queued.size;
      if (count > 0 && (count >= this.options.maxItems || size > this.options.maxSize)) break;
      count++;
    }
    if (count === this.#queue.length) {
      const all = this.#queue;
      this.#queue = [];
      return all;
    }
    return this.#queue.splice(0, count);
  }
}
