/**
 * A moment whose age is never told as less than it is: by the wall clock, which may be set back, or by the other one, which in
 * some browsers stands still while the machine sleeps; whichever says more.
 */
export class Moment {
  readonly #wall = Date.now();
  readonly #monotonic = performance.now();

  /** In milliseconds. */
  get ageMs(): number {
    return Math.max(Date.now() - this.#wall, performance.now() - this.#monotonic);
  }
}
