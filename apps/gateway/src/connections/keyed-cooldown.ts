/** Allows an event once per key within an interval. Keeps only the keys of the last interval. */
export class KeyedCooldown {
  /** Time of the last event by key, oldest first. */
  readonly #at = new Map<number, number>();

  /**
   * @param intervalMs milliseconds
   * @param maxKeys most keys within an interval; events of further keys are not allowed
   */
  constructor(
    private readonly intervalMs: number,
    private readonly maxKeys = Number.POSITIVE_INFINITY,
  ) {}

  /** Whether the event is allowed. @param now milliseconds of `performance.now()` */
  isReady(key: number, now: number): boolean {
    for (const [old, at] of this.#at) {
      if (now - at < this.intervalMs) break;
      this.#at.delete(old);
    }
    return !this.#at.has(key) && this.#at.size < this.maxKeys;
  }

  /** Records the event. @param now milliseconds of `performance.now()` */
  note(key: number, now: number): void {
    this.#at.delete(key);
    this.#at.set(key, now);
  }
}
