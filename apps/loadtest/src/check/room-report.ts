import type { DeliveryCounts } from '../result.js';
import type { RoomReport } from './room-checker.js';

/** Kinds of violations: the names of their figures in the verdict. */
export type Violation = 'lost' | 'duplicated' | 'outOfOrder' | 'orderDisagreements' | 'strays';

/** One violation in words. */
export interface Example {
  readonly kind: Violation;
  readonly text: string;
}

/** What became of a room's messages. */
export interface RoomVerdict extends DeliveryCounts {
  readonly examples: readonly Example[];
}

/**
 * How one member, or several alike, received the messages of a room, relative to the list `order` of their view. It got
 * what is before `cursor` in that list in its turn, except for what is in `gaps` and `late`.
 */
export interface MemberView {
  /** How many members are alike. */
  readonly members: number;
  /** The first of them. */
  readonly member: number;
  readonly cursor: number;
  /** What it never got: ranges of indexes, as in `Gaps`. */
  readonly gaps: Uint32Array;
  /** What it got after something that is behind it in the list: pairs of an index and of where the cursor was then. */
  readonly late: Uint32Array;
  /** What it got with another position than the list has: index, epoch, seq. */
  readonly moved: Float64Array;
}

/** All that some members saw of a room: enough to say who received what, and in which order. */
export interface RoomView {
  readonly room: number;
  readonly strays: number;
  readonly duplicated: number;
  /** Numbers of the messages that must reach everybody. */
  readonly expected: Uint32Array;
  /** Numbers of the messages that anybody got, each after what that one had got before. */
  readonly order: Uint32Array;
  /** Of the messages in `order`. */
  readonly senders: Uint32Array;
  /** Positions of the messages in `order`, -1 for none; empty when no message has one. */
  readonly epochs: Float64Array;
  readonly seqs: Float64Array;
  readonly views: readonly MemberView[];
  readonly examples: readonly Example[];
}

/** Report of one worker on a room: its verdict if no other worker has members of the room, else everything that it saw. */
export type WorkerReport = RoomReport & ({ readonly verdict: RoomVerdict } | { readonly view: RoomView });
