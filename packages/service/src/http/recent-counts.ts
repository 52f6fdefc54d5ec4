/** Default for the largest number of keys; further keys are not counted, so that memory is bounded. */
const MAX_KEYS = 100_000;

/**
 * Recent counts per key, in bounded memory: an addition counts for a time between one and two periods. Look-ups and
 * additions cost the same for any number of keys.
 */
export class RecentCounts {
  #current = new Map<string, number>();
  #previous = new Map<string, number>();
  #since = performance.now();

  /** @param periodMs in milliseconds; infinite for counts that end only with {@link remove} */
  constructor(
    private readonly periodMs: number,
    private readonly maxKeys = MAX_KEYS,
  ) {}

  of(key: string): number {
    this.#forget();
    return (this.#current.get(key) ?? 0) + (this.#previous.get(key) ?? 0);
  }

  add(key: string): void {
    this.#forget();
    const count = this.#current.get(key);
    if (count !== undefined || this.#current.size < this.maxKeys) this.#current.set(key, (count ?? 0) + 1);
  }

  /** Removes one addition. Does nothing if none is left. */
  remove(key: string): void {
    const counts = this.#current.has(key) ? this.#current : this.#previous;
    const count = counts.get(key);
    if (count === undefined) return;
    if (count > 1) counts.set(key, count - 1);
    else counts.delete(key);
  }

  #forget(): void {
    const elapsed = performance.now() - this.#since;
    if (elapsed < this.periodMs) return;
    this.#previous = elapsed < 2 * this.periodMs ? this.#current : new Map();
    this.#current = new Map();
    this.#since += elapsed;
  }
}
