/**
 * Token bucket: allows an amount per second, such as messages or bytes, and bursts. Uses monotonic time: a wall clock
 * that is set back would allow nothing until it has caught up.
 */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /**
   * @param burst largest amount allowed at once; by default that of one second
   * @param now milliseconds of `performance.now()`
   */
  constructor(
    private readonly perSecond: number,
    now = performance.now(),
    private readonly burst = perSecond,
  ) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one token. Returns false if there is none. @param now milliseconds of `performance.now()` */
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

  /** Takes an amount that may exceed the balance: the bucket allows nothing until the debt is refilled. */
  owe(amount: number): void {
    this.#tokens -= amount;
  }

  #earn(now: number): void {
    const earned = ((now - this.#at) / 1_000) * this.perSecond;
    this.#tokens = Math.min(this.burst, this.#tokens + earned);
    this.#at = now;
  }
}
