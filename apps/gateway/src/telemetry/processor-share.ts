/** Where the figures come from. */
export interface ProcessorClock {
  /** Milliseconds since any moment. */
  now(): number;
  /** Processor time of this process so far, user and system, in microseconds. */
  spent(): number;
}

const SYSTEM_CLOCK: ProcessorClock = {
  now: () => performance.now(),
  spent: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

/** How often the processor time is looked at, in milliseconds. */
const MEASURE_MS = 100;
/** A newer figure counts this much against what was known. */
const WEIGHT = 0.25;
/** Silence of this length, in milliseconds, makes older figures worthless. */
const FORGET_MS = 1_000;

/**
 * How busy this process is: the share of one core that it had lately, 0 to 1. Looks only when it is asked, and then
 * not more often than is needed.
 */
export class ProcessorShare {
  #share = 0;
  #spent: number;
  #at: number;

  constructor(private readonly clock: ProcessorClock = SYSTEM_CLOCK) {
    this.#spent = clock.spent();
    this.#at = clock.now();
  }

  /** @param now the time if the caller has it, in milliseconds of `performance.now()` */
  get(now = this.clock.now()): number {
    const elapsed = now - this.#at;
    if (elapsed < MEASURE_MS) return this.#share;
    const spent = this.clock.spent();
    const share = Math.min(1, (spent - this.#spent) / 1_000 / elapsed);
    this.#share = elapsed > FORGET_MS ? share : this.#share + (share - this.#share) * WEIGHT;
    this.#spent = spent;
    this.#at = now;
    return this.#share;
  }

  /** The same on a scale from 0, up to the share `from`, to 1, from the share `to` on. */
  between(from: number, to: number, now?: number): number {
    return Math.min(1, Math.max(0, (this.get(now) - from) / (to - from)));
  }
}
