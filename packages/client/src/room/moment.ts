/**
 * A point in time on two clocks, in milliseconds: the wall clock, which may be set back, and the monotonic clock,
 * which stops in some browsers while the machine sleeps.
 */
export type Moment = readonly number[];

export const moment = (): Moment => [Date.now(), performance.now()];

/** Returns the age in milliseconds, by the clock that shows more: never too small. */
export const ageOf = (then: Moment): number =>
  Math.max(...moment().map((now, clock) => now - (then[clock] ?? now)));
