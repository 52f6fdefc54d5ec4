/** Allows a number of events a second, and bursts of as many. Two numbers of state. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** @param perSecond events a second @param now milliseconds of any monotonic clock */
  constructor(
    private readonly perSecond: number,
    now: number,
  ) {
    this.#tokens = perSecond;
    this.#at = now;
  }

  /** Takes one token; false when there is none. */
  take(now: number): boolean {
    const earned = ((now - this.#at) / 1_000) * this.perSecond;
    this.#tokens = Math.min(this.perSecond, this.#tokens + earned);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
