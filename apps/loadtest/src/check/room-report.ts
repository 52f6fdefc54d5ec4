import type { DeliveryCounts } from '../result.js';
import type { RoomReport } from './room-checker.js';

/** Kinds of violations: the names of their figures in the verdict. */
export type Violation = 'lost' | 'duplicated' | 'outOfOrder' | 'orderDisagreements' | 'strays';

/** Description of one violation. */
export interface Example {
  readonly kind: Violation;
  readonly text: string;
}

/** What became of a room's messages. */
export interface RoomVerdict extends DeliveryCounts {
  readonly examples: readonly Example[];
}

/**
 * How one member, or several alike, received the messages of a room, relative to the list `order` of their view: what
 * is before `cursor` in list order, except for `gaps` and `late`.
 */
export interface MemberView {
  /** Number of such members. */
  readonly members: number;
  /** Index of the first of them. */
  readonly member: number;
  readonly cursor: number;
  /** Messages that it never got: ranges of indexes, as in `Gaps`. */
  readonly gaps: Uint32Array;
  /**
   * Messages that it got after one that is behind them in the list: pairs of the index and the cursor at that time.
   */
  readonly late: Uint32Array;
  /** Messages that it got with another position than the list has: index, epoch, seq. */
  readonly moved: Float64Array;
}

/** Everything that some members saw of a room: which messages they received, and in which order. */
export interface RoomView {
  readonly room: number;
  readonly strays: number;
  readonly duplicated: number;
  /** Numbers of the messages that must reach every member. */
  readonly expected: Uint32Array;
  /** Numbers of the messages that any member got, each after the earlier ones of that member. */
  readonly order: Uint32Array;
  /** Senders of the messages in `order`. */
  readonly senders: Uint32Array;
  /** Positions of the messages in `order`, -1 for none; empty when no message has one. */
  readonly epochs: Float64Array;
  readonly seqs: Float64Array;
  readonly views: readonly MemberView[];
  readonly examples: readonly Example[];
}

/**
 * Report of one worker on a room: its verdict if no other worker has members of the room, otherwise everything it
 * saw.
 */
export type WorkerReport = RoomReport & ({ readonly verdict: RoomVerdict } | { readonly view: RoomView });
