/** Time after which a user's count begins again, in milliseconds. */
const WINDOW_MS = 1_000;

/** Limits how many messages and changes a user may send per second through one API. */
export class UserRates {
  readonly #counts = new Map<number, number>();
  #startedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly perSecond: number) {}

  /** Whether the user may send another one. @param now milliseconds of `performance.now()` */
  take(userId: number, now: number): boolean {
    if (now - this.#startedAt >= WINDOW_MS) {
      this.#counts.clear();
      this.#startedAt = now;
    }
    const count = (this.#counts.get(userId) ?? 0) + 1;
    this.#counts.set(userId, count);
    return count <= this.perSecond;
  }
}
