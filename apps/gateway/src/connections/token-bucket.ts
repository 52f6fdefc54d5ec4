/**
 * Allows an amount a second, such as messages or bytes, and bursts. Two numbers of state. Its time is monotonic: a wall
 * clock that is set back would allow nothing until it has caught up.
 */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** @param burst most that is allowed at once; by default what is earned in a second @param now milliseconds of `performance.now()` */
  constructor(
    private readonly perSecond: number,
    now = performance.now(),
    private readonly burst = perSecond,
  ) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one token; false when there is none. @param now milliseconds of `performance.now()` */
  take(now = performance.now()): boolean {
    this.#earn(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /**
   * Milliseconds until {@link owe} may be called again; 0 when it may be called now.
   * @param now milliseconds of `performance.now()`
   */
  waitMs(now = performance.now()): number {
    this.#earn(now);
    return this.#tokens > 0 ? 0 : ((1 - this.#tokens) / this.perSecond) * 1_000;
  }

  /** Takes an amount that may be more than there is: what is missing must be earned before anything else is allowed. */
  owe(amount: number): void {
    this.#tokens -= amount;
  }

  #earn(now: number): void {
    const earned = ((now - this.#at) / 1_000) * this.perSecond;
    this.#tokens = Math.min(this.burst, this.#tokens + earned);
    this.#at = now;
  }
}
