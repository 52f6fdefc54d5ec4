/**
 * Allows a number of events a second, and bursts of as many. Two numbers of state. Its time is monotonic: a wall clock
 * that is set back would allow nothing until it has caught up.
 */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** @param perSecond events a second @param now milliseconds of `performance.now()` */
  constructor(
    private readonly perSecond: number,
    now = performance.now(),
  ) {
    this.#tokens = perSecond;
    this.#at = now;
  }

  /** Takes one token; false when there is none. @param now milliseconds of `performance.now()` */
  take(now = performance.now()): boolean {
    const earned = ((now - this.#at) / 1_000) * this.perSecond;
    this.#tokens = Math.min(this.perSecond, this.#tokens + earned);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
