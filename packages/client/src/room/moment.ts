/**
 * A moment by two clocks, in milliseconds: that of the wall, which may be set back, and the monotonic one, which in some
 * browsers stands still while the machine sleeps.
 */
export type Moment = readonly number[];

export const moment = (): Moment => [Date.now(), performance.now()];

/** Its age by whichever clock says more, in milliseconds: never less than it is. */
export const ageOf = (then: Moment): number =>
  Math.max(...moment().map((now, clock) => now - (then[clock] ?? now)));
