/**
 * Values by key. A key with one value needs no set, which saves memory per connection: nearly every token and most
 * users have one socket.
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

  /** Snapshot of the values of a key: the caller may remove values while it iterates. */
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
