import type { Position } from './broker.js';

/** A position up to which a user has read a room, as long as PostgreSQL may not have it. */
export interface ReadMark extends Position {
  /** Ordinal of the last message up to the position; undefined if unknown. */
  readonly n: number | undefined;
  /**
   * Position of the room when the user last marked messages as unread. This mark then replaces the stored position, unless the
   * stored one is after `unreadAt`, and own messages up to there do not count as read. Undefined: the higher position counts.
   */
  readonly unreadAt: Position | undefined;
}

/** A mark to be stored. */
export interface UserReadMark extends ReadMark {
  readonly roomId: number;
  readonly userId: number;
  /** Distinguishes marks of one user and room. */
  readonly version: string;
}

/**
 * The positions up to which members have read rooms, on their way to PostgreSQL. Any gateway and API writes them, archivers store
 * them: {@link settle} removes only what has not changed since. So none is lost as long as Redis keeps its data, and the number of marks
 * is at most that of memberships.
 *
 * Callers check that the user is a member. Every method rejects with `UnavailableError` while Redis cannot be reached.
 */
export interface ReadPositions {
  /**
   * Marks a room as read. A position beyond the newest entry counts as that of the newest. Nodes that watch the activity of rooms
   * get to know it, and in a small room all nodes that are subscribed to it.
   *
   * @param unread whether the position may move backwards; otherwise a later position that is not stored yet stays
   * @returns the mark that holds now. PostgreSQL may have a later position.
   * @throws {RoomNotFoundError}
   * @throws {UnavailableError} also while not all rooms are known, or this one is not whole yet
   */
  mark(roomId: number, userId: number, position: Position, unread: boolean): Promise<ReadMark>;
  /** Marks of a user that may not be stored yet, by room. */
  ofUser(userId: number, roomIds: readonly number[]): Promise<Map<number, ReadMark>>;
  /** Marks in a room that may not be stored yet, by user. */
  ofRoom(roomId: number, userIds: readonly number[]): Promise<Map<number, ReadMark>>;
  /** Some of the marks that are not settled, at most about `limit`. */
  unsettled(limit: number): Promise<UserReadMark[]>;
  /** Removes marks that are in PostgreSQL, unless they have changed since {@link unsettled} returned them. */
  settle(marks: readonly UserReadMark[]): Promise<void>;
}
