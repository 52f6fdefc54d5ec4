import { RecentCounts } from './recent-counts.js';

/**
 * Connections without a request yet, by address: a listener that waits for a request holds a descriptor for each. An
 * address may have as many as there are free ones left, so one address uses at most half of what is free, and other
 * addresses always find some.
 */
export class SilentConnections {
  readonly #counts: RecentCounts;

  /**
   * @param forgetAfterMs time in milliseconds after which, or at the latest after twice as long, a connection no
   * longer counts; for a listener that closes silent connections by then without reporting it. Without it
   * {@link left} must be called for each connection.
   */
  constructor(forgetAfterMs = Number.POSITIVE_INFINITY) {
    this.#counts = new RecentCounts(forgetAfterMs);
  }

  /**
   * Counts a connection of the address.
   * @param free number of connections that the listener can still accept
   * @returns false if the connection must be closed; it is not counted then
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
