import { UnavailableError } from '@chorus/redis';

interface Waiter<V> {
  readonly value: V;
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: Error): void;
}

/** Callers that wait until something is stored, grouped by key. */
export class Waiting<K, V> {
  readonly #waiters = new Map<K, Set<Waiter<V>>>();

  /** @param what is not stored, for the text of the error */
  constructor(
    private readonly timeoutMs: number,
    private readonly what: string,
  ) {}

  /** Resolves when {@link resolve} says so. @throws {UnavailableError} not within the time, or see {@link refuse} */
  wait(key: K, value: V): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#forget(key, waiter);
        reject(new UnavailableError(`the ${this.what} was not stored in time; it may be later`));
      }, this.timeoutMs);
      const waiter: Waiter<V> = { value, timer, resolve, reject };
      const waiting = this.#waiters.get(key);
      if (waiting === undefined) this.#waiters.set(key, new Set([waiter]));
      else waiting.add(waiter);
    });
  }

  resolve(key: K, isStored: (value: V) => boolean): void {
    this.#end(key, isStored, ({ resolve }) => resolve());
  }

  refuse(key: K, error: Error): void {
    this.#end(
      key,
      () => true,
      ({ reject }) => reject(error),
    );
  }

  #end(key: K, concerns: (value: V) => boolean, end: (waiter: Waiter<V>) => void): void {
    for (const waiter of this.#waiters.get(key) ?? []) {
      if (!concerns(waiter.value)) continue;
      clearTimeout(waiter.timer);
      this.#forget(key, waiter);
      end(waiter);
    }
  }

  #forget(key: K, waiter: Waiter<V>): void {
    const waiting = this.#waiters.get(key);
    if (waiting?.delete(waiter) && waiting.size === 0) this.#waiters.delete(key);
  }
}
