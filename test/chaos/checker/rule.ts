import type { HistoryIndex } from '../history/index-history.js';

/** A violation of a rule. */
export interface Violation {
  /** One line for people. */
  readonly what: string;
  /** All facts known about it. */
  readonly facts: unknown;
}

/** A property of every history. */
export interface Rule {
  readonly name: string;
  /** The guarantee, in a sentence. */
  readonly promise: string;
  check(index: HistoryIndex): Iterable<Violation>;
}
