/** What may happen once per key within an interval. Keeps only keys of the last interval. */
export class Rarely {
  /** When it happened last, the oldest first. */
  readonly #at = new Map<number, number>();

  /** @param intervalMs milliseconds @param maxKeys keys within an interval; it does not happen to further ones */
  constructor(
    private readonly intervalMs: number,
    private readonly maxKeys = Number.POSITIVE_INFINITY,
  ) {}

  /** @param now milliseconds of `performance.now()` */
  may(key: number, now: number): boolean {
    for (const [old, at] of this.#at) {
      if (now - at < this.intervalMs) break;
      this.#at.delete(old);
    }
    return !this.#at.has(key) && this.#at.size < this.maxKeys;
  }

  /** It happens. @param now milliseconds of `performance.now()` */
  note(key: number, now: number): void {
    this.#at.delete(key);
    this.#at.set(key, now);
  }
}
