import type { HistoryIndex } from '../history/index-history.js';

/** One thing that must not have happened, and did. */
export interface Violation {
  /** One line for people. */
  readonly what: string;
  /** All that is known about it. */
  readonly facts: unknown;
}

/** Something that has to hold for every history. */
export interface Rule {
  readonly name: string;
  /** What is promised, in a sentence. */
  readonly promise: string;
  check(index: HistoryIndex): Iterable<Violation>;
}
