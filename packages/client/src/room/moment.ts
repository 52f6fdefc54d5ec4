/**
 * A point in time on two clocks, in milliseconds: the wall clock, which may be set back, and the monotonic clock,
 * which stops in some browsers while the machine sleeps.
 */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export const moment = (): Moment => ({ wall: Date.now(), monotonic: performance.now() });

/** Returns the age in milliseconds, by the clock that shows more: never too small. */
export const ageOf = ({ wall, monotonic }: Moment): number =>
  Math.max(Date.now() - wall, performance.now() - monotonic);
