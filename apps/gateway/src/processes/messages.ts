/*
 * What a parent and its gateway processes tell each other. Both sides are always of one version: the parent starts
 * its children from the files beside its own.
 */

/** From a gateway process. */
export type ToParent =
  /** It takes connections on this port now. */
  | { type: 'taking'; port: number }
  /** It takes nobody in any more, and asks whether it may stop listening. Answered with `may-leave`. */
  | { type: 'leaving' }
  /** Answers the question of that number. */
  | { type: 'answer'; question: number; value: unknown };

/** What a parent may ask: all metrics as plain data, or how the port is. */
export type Question = 'metrics' | 'state';

/** To a gateway process. */
export type ToChild =
  /** The answer to `leaving`: whether others take connections on the port. */
  | { type: 'may-leave'; leave: boolean }
  /** Another one takes connections now, so whoever held the port without taking any may leave it. */
  | { type: 'relieved' }
  /** Answered with `answer` if the gateway is up. */
  | { type: 'ask'; question: number; what: Question }
  /** Drain and end, together with all others. */
  | { type: 'stop' };
