import { RecentCounts } from './recent-counts.js';

/**
 * Connections that have sent no request yet, by address: a listener that waits for a request holds a descriptor for
 * each of them. An address may have as many as there are free ones left, so one address takes at most half of what
 * is free, and others always find some.
 */
export class SilentConnections {
  readonly #counts: RecentCounts;

  /**
   * @param forgetAfterMs milliseconds after which a connection counts no more, at the latest after twice as long; for a
   *   listener that closes silent connections by then and does not tell when. Without it {@link left} must be called
   *   for each connection.
   */
  constructor(forgetAfterMs = Number.POSITIVE_INFINITY) {
    this.#counts = new RecentCounts(forgetAfterMs);
  }

  /**
   * Counts one more connection of the address.
   * @param free connections that the listener can still take
   * @returns false if it must be closed; it is not counted then
   */
  opened(address: string, free: number): boolean {
    if (this.#counts.of(address) >= free) return false;
    this.#counts.add(address);
    return true;
  }

  /** A counted connection sent its first request, or ended without one. */
  left(address: string): void {
    this.#counts.remove(address);
  }
}
