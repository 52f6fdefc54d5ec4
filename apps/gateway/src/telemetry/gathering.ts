import { performance } from 'node:perf_hooks';

/** Source of time, and of the time that the event loop was at work. */
export interface LoopClock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Milliseconds for which the event loop did not wait for anything so far. */
  worked(): number;
}

const SYSTEM_CLOCK: LoopClock = {
  now: () => performance.now(),
  worked: () => performance.eventLoopUtilization().active,
};

/**
 * Up to this share of its time at work, an event loop gathers nothing. Beyond, it gathers as much as keeps it at this share: full gathering
 * saves about a third, so a gateway that would work for 0.6 of the time comes down to it.
 */
const AIM = 0.4;
/** Minimum interval between measurements, in milliseconds. */
const MEASURE_MS = 100;
/** Change of {@link Gathering.share} in that interval for each hundredth above or below the aim. */
const STEP = 0.005;
/** The longest interval that counts, in milliseconds. */
const MAX_COUNTED_MS = 1_000;

/**
 * Decides for how long a gateway lets messages wait for each other: those that it publishes and those that it delivers. Waiting
 * makes batches and writes fuller, which saves processor time, and costs latency. So it waits only when that time is scarce: the share grows
 * while the event loop works more than {@link AIM}, and falls while it works less.
 *
 * The event loop is measured rather than the processor: it also counts as work when the process has a part of a core only, or
 * shares it with others. Measures only on demand.
 */
export class Gathering {
  #share = 0;
  #worked: number;
  #at: number;

  constructor(private readonly clock: LoopClock = SYSTEM_CLOCK) {
    this.#worked = clock.worked();
    this.#at = clock.now();
  }

  /** How long messages wait, from 0 (not at all) to 1 (as long as allowed). @param now milliseconds of `performance.now()`, if known */
  share(now = this.clock.now()): number {
    const elapsed = now - this.#at;
    if (elapsed < MEASURE_MS) return this.#share;
    const worked = this.clock.worked();
    const above = Math.min(1, (worked - this.#worked) / elapsed) - AIM;
    const steps = Math.min(elapsed, MAX_COUNTED_MS) / MEASURE_MS;
    this.#share = Math.min(1, Math.max(0, this.#share + above * 100 * STEP * steps));
    this.#worked = worked;
    this.#at = now;
    return this.#share;
  }
}
