import type { Position } from './broker.js';

/** A message in a room's stream. */
export interface ArchiveMessage extends Position {
  /** The frame without its opening, as the protocol package's `messageEncoder` returns it. */
  readonly body: string;
  /** Number of entries of the room up to this one that are not messages; absent if there are none. */
  readonly changes?: number | undefined;
}

/** Messages of one room that are not stored yet; at most as many as were requested. */
export interface Backlog {
  readonly roomId: number;
  /** Everything up to here is stored already. */
  readonly after: Position;
  /** Oldest first. Empty if the room is only due for trimming. */
  readonly messages: readonly ArchiveMessage[];
}

/** Stored messages that stay in the recent history. */
export interface HistoryLimits {
  /** Number of newest messages of a room that stay, */
  readonly size: number;
  /** unless they are older than this, in milliseconds; 0 for any age. */
  readonly maxAgeMs: number;
}

/** Size of the backlog, for metrics. */
export interface BacklogMeasure {
  /** Bytes as they count for the budget. */
  readonly bytes: number;
  readonly rooms: number;
  /** Number of messages, counted in up to {@link MEASURED_ROOMS} rooms; if more wait, extrapolated from these. */
  readonly messages: number;
  /** Time at which the oldest message of those rooms was sent, in milliseconds since 1970; undefined if none waits. */
  readonly oldestSentAt: number | undefined;
}

/** Maximum number of rooms read to measure the backlog: those that have been claimable for longest. */
export const MEASURED_ROOMS = 128;

/**
 * The rooms with messages that are not in the database yet. Any number of archivers work on it.
 *
 * Guarantees: a published message stays in the recent history until {@link settle} reports it as stored; a room that
 * was claimed and never settled, because its archiver died, is claimed again when the lease has ended. A message can
 * therefore be claimed twice, and storing it must be idempotent. Every method rejects with `UnavailableError` while
 * Redis cannot be reached.
 */
export interface ArchiveQueue {
  /**
   * Claims rooms that no other archiver has claimed, longest waiting first.
   * @param maxRooms maximum number of rooms
   * @param maxMessages maximum number of messages of one room
   * @param leaseMs time for which no other archiver gets these rooms, in milliseconds
   */
  claim(maxRooms: number, maxMessages: number, leaseMs: number): Promise<Backlog[]>;
  /**
   * Reports that everything up to `upTo` is stored, trims what the limits do not keep, and notifies the gateways. The
   * room can be claimed again at once if it has more messages, and otherwise when messages become too old. If two
   * archivers settle a room, the higher position wins; the watermark never falls.
   *
   * @param read the claimed backlog, if `upTo` is its end: then it need not be read again to be counted
   * @param erased entries up to `upTo` to remove from the recent history for good, because a message was deleted. Readers get
   *   `erased` changes in their places
   */
  settle(
    roomId: number,
    upTo: Position,
    keep: HistoryLimits,
    read?: Backlog,
    erased?: readonly Position[],
  ): Promise<void>;
  /** Size of the backlog: bytes as they count for the budget, and rooms. */
  backlog(): Promise<{ bytes: number; rooms: number }>;
  /** Like {@link backlog} with more details, at the cost of some reads per measured room. */
  measure(): Promise<BacklogMeasure>;
  close(): Promise<void>;
}
