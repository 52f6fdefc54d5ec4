/*
 * What a parent and its gateway processes tell each other. Both sides are always of one version: the parent starts
 * its children from the files beside its own.
 */

/** From a gateway process. */
export type ToParent =
  /** It takes connections on this port now. */
  | { type: 'taking'; port: number }
  /** It takes nobody in any more, and asks whether it may stop listening. Answered with `may-leave`. */
  | { type: 'leaving' };

/** To a gateway process. */
export type ToChild =
  /** The answer to `leaving`: whether others take connections on the port. */
  | { type: 'may-leave'; leave: boolean }
  /** Another one takes connections now, so whoever held the port without taking any may leave it. */
  | { type: 'relieved' }
  /** Drain and end, together with all others. */
  | { type: 'stop' };
