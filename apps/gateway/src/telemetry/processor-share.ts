/** Source of time and processor time. */
export interface ProcessorClock {
  /** Milliseconds since an arbitrary moment. */
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

/** Minimum interval between measurements, in milliseconds. */
const MEASURE_MS = 100;
/** Weight of a new measurement in the moving average. */
const WEIGHT = 0.25;
/** Interval without measurements after which older ones are dropped, in milliseconds. */
const FORGET_MS = 1_000;

/** Recent processor use of this process, as a share of one core, 0 to 1. Measures only on demand. */
export class ProcessorShare {
  #share = 0;
  #spent: number;
  #at: number;

  constructor(private readonly clock: ProcessorClock = SYSTEM_CLOCK) {
    this.#spent = clock.spent();
    this.#at = clock.now();
  }

  /** Current share. @param now milliseconds of `performance.now()`, if the caller has it */
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
}
