/**
 * Who belongs to a key. Most keys have one value, which then costs no set: with one token and mostly one
 * socket a user that is what keeps a connection small.
 */
export class IndexOf<K, V extends object> {
  readonly #values = new Map<K, V | Set<V>>();

  add(key: K, value: V): void {
    const held = this.#values.get(key);
    if (held === undefined || held === value) this.#values.set(key, value);
    else if (held instanceof Set) held.add(value);
    else this.#values.set(key, new Set([held, value]));
  }

  delete(key: K, value: V): void {
    const held = this.#values.get(key);
    if (held === value) this.#values.delete(key);
    else if (held instanceof Set && held.delete(value) && held.size === 0) this.#values.delete(key);
  }

  /** Those of a key, as they are now: they may be removed while the caller walks over them. */
  get(key: K): V[] {
    const held = this.#values.get(key);
    if (held === undefined) return [];
    return held instanceof Set ? [...held] : [held];
  }

  count(key: K): number {
    const held = this.#values.get(key);
    if (held === undefined) return 0;
    return held instanceof Set ? held.size : 1;
  }

  keys(): IterableIterator<K> {
    return this.#values.keys();
  }
}
