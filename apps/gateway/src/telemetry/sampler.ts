/** Of what comes often one in so many is looked at. */
const ONE_IN = 64;
/** What comes after such a pause, in milliseconds, is looked at in any case: else a quiet node would tell nothing. */
const QUIET_MS = 1_000;

/** Chooses whom to look at closely, so that most cost nothing but the choice. */
export class Sampler {
  #count = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of `performance.now()` */
  takes(now: number): boolean {
    if ((++this.#count & (ONE_IN - 1)) !== 0 && now - this.#at < QUIET_MS) return false;
    this.#at = now;
    return true;
  }
}
