/** Entries of one cache. Beyond that, the oldest are dropped. */
const MOST_ENTRIES = 20_000;
/** Keys of one call of `load`. */
const MOST_AT_ONCE = 500;

interface Entry<V> {
  /** When the reading began, in milliseconds of `performance.now()`. */
  readonly since: number;
  readonly value: Promise<V | undefined>;
}

/**
 * Values of a store, also missing ones, for a short time. A value that {@link get} returns was read at most `ttlMs` before the call, or
 * later. Calls for several keys share one reading at a time, so however many unknown keys clients send, the store serves one statement
 * at a time.
 */
export class ShortCache<K, V> {
  readonly #entries = new Map<K, Entry<V>>();
  #next: { readonly keys: K[]; readonly values: Promise<ReadonlyMap<K, V>> } | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  /** @param load returns those of the values that exist */
  constructor(
    private readonly load: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
    private readonly ttlMs: number,
  ) {}

  /** @throws what `load` throws; the next call reads again */
  get(key: K): Promise<V | undefined> {
    const now = performance.now();
    const known = this.#entries.get(key);
    if (known !== undefined && now - known.since <= this.ttlMs) return known.value;
    const value = this.#read(key);
    const entry = { since: now, value };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    value.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MOST_ENTRIES) break;
      this.#entries.delete(oldest);
    }
    return value;
  }

  async #read(key: K): Promise<V | undefined> {
    if (this.#next === undefined || this.#next.keys.length >= MOST_AT_ONCE) this.#next = this.#begin();
    const { keys, values } = this.#next;
    keys.push(key);
    return (await values).get(key);
  }

  #begin(): { readonly keys: K[]; readonly values: Promise<ReadonlyMap<K, V>> } {
    const keys: K[] = [];
    const values = this.#reading.then(() => {
      if (this.#next?.keys === keys) this.#next = undefined;
      return this.load(keys);
    });
    this.#reading = values.catch(() => {});
    return { keys, values };
  }
}
