import { UnavailableError } from '@chorus/redis';

/** Limits and pace of a {@link MicroBatcher}. */
export interface BatchOptions {
  /** At most so many items in one batch. */
  maxItems: number;
  /** At most so many units of size in one batch; a single larger item goes alone. */
  maxSize: number;
  /** Units of size that may wait, those under way included, before {@link MicroBatcher.add} refuses. */
  maxQueuedSize: number;
  /** Longest wait for company, in milliseconds, when items come fast. */
  maxWindowMs: number;
  /**
   * Items that have waited for longer than about this, in milliseconds, are refused instead of sent: that happens when the
   * process stood still, and whoever gave them may have sent them again elsewhere. Default: none is refused.
   */
  maxWaitMs?: number | undefined;
  /** How busy the process is, 0 to 1; see {@link IDLE_SHARE}. Default 1. */
  busy?: (() => number) | undefined;
}

/** Where the time comes from. */
export interface BatchClock {
  /** Milliseconds since any moment. */
  now(): number;
  /** Runs the action after so many milliseconds; 0 lets everything that arrived in this tick come along. */
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
 * A batch is worth waiting for only if about this many more items come within the wait. They share one script, one wake-up of
 * Redis and one of each node: `pnpm bench:peers --loads 500x4` shows what that is worth.
 */
const WORTHWHILE = 1;
/** While the process has little to do, the longest wait is this share of what is allowed: its time is there to be used. */
const IDLE_SHARE = 0.25;
/** Past this many items a longer wait saves little more. */
const AMPLE = 32;
/** The arrival rate is measured over at least this long, in milliseconds. */
const MEASURE_MS = 10;
/** Silence of this length, in milliseconds, makes older measurements worthless. */
const FORGET_MS = 100;

interface Queued<T, R> {
  item: T;
  size: number;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Gathers items into batches and sends one batch at a time, so that items keep their order even
 * when a batch has to be sent again underneath.
 *
 * When items are rare a batch goes out in the same tick. While one is under way the next gathers,
 * which sizes batches by load without any wait. Only when items come so fast that waiting a few
 * milliseconds fills a batch is a pause kept between batches.
 */
export class MicroBatcher<T, R> {
  #queue: Queued<T, R>[] = [];
  #busy = false;
  #scheduled = false;
  /** Size of all items that were accepted and not answered yet. */
  #pendingSize = 0;
  /** Items per millisecond. */
  #rate = 0;
  #arrived = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** When the first of the waiting items came, or those that are left were not sent yet. */
  #waitingSince = 0;

  /**
   * @param send resolves with one result or error per item, in order. A rejection rejects them all and
   *   those that wait behind them: they would fail the same way, only later.
   */
  constructor(
    private readonly send: (items: T[]) => Promise<Array<R | Error>>,
    private readonly sizeOf: (item: T) => number,
    private readonly options: BatchOptions,
    private readonly clock: BatchClock = SYSTEM_CLOCK,
  ) {}

  /** @throws {BatchQueueFullError} at once, without queueing, when too much waits */
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

  /** How long after the last batch the next one should leave: 0 unless items come fast. */
  #window(): number {
    const { maxWindowMs, busy } = this.options;
    const allowed = maxWindowMs * (IDLE_SHARE + (1 - IDLE_SHARE) * (busy?.() ?? 1));
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
