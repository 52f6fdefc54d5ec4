/** Addresses counted at a time; further ones are not counted, so that the counts cannot use up the memory. */
const MAX_ADDRESSES = 100_000;

/**
 * Connections that have sent no request yet, by address: a listener that waits for a request holds a descriptor for
 * each of them. An address may have as many as there are free ones left, so one address takes at most half of what
 * is free, and others always find some.
 */
export class SilentConnections {
  #current = new Map<string, number>();
  #previous = new Map<string, number>();
  #since = performance.now();

  /**
   * @param forgetAfterMs milliseconds after which a connection counts no more, at the latest after twice as long; for a
   *   listener that closes silent connections by then and does not tell when. Without it {@link left} must be called
   *   for each connection.
   */
  constructor(private readonly forgetAfterMs = Number.POSITIVE_INFINITY) {}

  /** Counts one more connection of the address. @param free connections that the listener can still take @returns false if it must be closed; it is not counted then */
  opened(address: string, free: number): boolean {
    this.#forget();
    if (this.#of(address) >= free) return false;
    const count = this.#current.get(address);
    if (count !== undefined || this.#current.size < MAX_ADDRESSES)
      this.#current.set(address, (count ?? 0) + 1);
    return true;
  }

  /** A counted connection sent its first request, or ended without one. */
  left(address: string): void {
    const counts = this.#current.has(address) ? this.#current : this.#previous;
    const count = counts.get(address);
    if (count === undefined) return;
    if (count > 1) counts.set(address, count - 1);
    else counts.delete(address);
  }

  #of(address: string): number {
    return (this.#current.get(address) ?? 0) + (this.#previous.get(address) ?? 0);
  }

  #forget(): void {
    const elapsed = performance.now() - this.#since;
    if (elapsed < this.forgetAfterMs) return;
    this.#previous = elapsed < 2 * this.forgetAfterMs ? this.#current : new Map();
    this.#current = new Map();
    this.#since += elapsed;
  }
}
