import type { Position } from './broker.js';

/** A message as it lies in a room's stream. */
export interface ArchiveMessage extends Position {
  /** The frame without its opening, as the protocol package's `messageEncoder` returns it. */
  readonly body: string;
}

/** What one room has that is not stored yet, as far as it fitted. */
export interface Backlog {
  readonly roomId: number;
  /** Everything up to here was stored before. */
  readonly after: Position;
  /** Oldest first. Can be empty: the room is then due for trimming. */
  readonly messages: readonly ArchiveMessage[];
}

/** What stays in the recent history although it is stored. */
export interface HistoryLimits {
  /** The newest so many messages of a room, */
  readonly size: number;
  /** unless they are older than this, in milliseconds; 0 for any age. */
  readonly maxAgeMs: number;
}

/** What waits to be stored, for whoever watches. */
export interface BacklogMeasure {
  /** As they count for the budget. */
  readonly bytes: number;
  readonly rooms: number;
  /** Counted in up to {@link MEASURED_ROOMS} rooms; when more wait, those stand for the others. */
  readonly messages: number;
  /** When the oldest message of those rooms was sent, in milliseconds since 1970; undefined when nothing waits. */
  readonly oldestSentAt: number | undefined;
}

/** Rooms that are looked at to measure what waits: those that have been claimable for longest. */
export const MEASURED_ROOMS = 128;

/**
 * The rooms with messages that are not in the database yet. Any number of archivers work on it.
 *
 * Guarantees: a message that was published stays in the recent history until {@link settle} has said
 * that it is stored; a room that was claimed and never settled, because its archiver died, is claimed
 * again when the lease has ended. A message can therefore be claimed twice, and storing it must be
 * idempotent. Every method rejects with `UnavailableError` while Redis cannot be reached.
 */
export interface ArchiveQueue {
  /**
   * Takes rooms that nobody else works on, those that wait longest first.
   *
   * @param maxRooms most rooms @param maxMessages most messages of one room
   * @param leaseMs nobody else gets them for so long, in milliseconds
   */
  claim(maxRooms: number, maxMessages: number, leaseMs: number): Promise<Backlog[]>;
  /**
   * Says that everything up to `upTo` is stored, lets what the limits do not keep be trimmed, and tells the
   * gateways. The room can be claimed again at once if it has more, and otherwise when messages become too old.
   * Of two archivers that settle the same room the one that is further wins; nothing is ever un-stored.
   *
   * @param read what was claimed of the room, if `upTo` is the end of it: then it need not be read again to be counted
   */
  settle(roomId: number, upTo: Position, keep: HistoryLimits, read?: Backlog): Promise<void>;
  /** How much waits to be stored: bytes as they count for the budget, and rooms. */
  backlog(): Promise<{ bytes: number; rooms: number }>;
  /** More of it, at the cost of some reads for each room that is looked at. */
  measure(): Promise<BacklogMeasure>;
  close(): Promise<void>;
}
