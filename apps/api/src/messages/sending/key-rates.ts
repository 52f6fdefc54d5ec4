import type { ApiKey } from '../../keys/api-key.js';

/** Keys whose budgets are remembered; beyond that, those that are full again are dropped. */
const SWEEP_ABOVE = 1_000;
const SECOND_MS = 1_000;

/** A key with its own limit, if it has one. */
export type LimitedKey = Pick<ApiKey, 'id'> & Partial<Pick<ApiKey, 'messagesPerSecond'>>;

/**
 * Limits how many messages and changes API keys may send per second through one API: each has a budget that is full after a second and
 * that a batch may overdraw, so a batch of any size is sent if something is left. What follows waits until the debt is paid, so no key
 * exceeds its limit for longer than that.
 *
 * The algorithm is GCRA (ITU-T I.371): it stores one moment per key.
 */
export class KeyRates {
  /** For each key, when its budget is full again, in milliseconds of `performance.now()`. */
  readonly #fullAt = new Map<string, number>();

  /** @param perSecond limit of keys that have none of their own */
  constructor(private readonly perSecond: number) {}

  /**
   * Takes messages out of the budget of a key.
   * @param now milliseconds of `performance.now()`
   * @returns 0; or the time until something is left, in milliseconds, and nothing was taken
   */
  take(key: LimitedKey, count: number, now: number): number {
    const eachMs = SECOND_MS / (key.messagesPerSecond ?? this.perSecond);
    const fullAt = Math.max(this.#fullAt.get(key.id) ?? 0, now);
    const waitMs = fullAt + eachMs - now - SECOND_MS;
    // Sums of fractions are not exact.
    if (waitMs > 1e-6) return waitMs;
    if (this.#fullAt.size >= SWEEP_ABOVE) this.#sweep(now);
    this.#fullAt.set(key.id, fullAt + count * eachMs);
    return 0;
  }

  #sweep(now: number): void {
    for (const [id, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(id);
  }
}
