import type { Position, StoredMessage } from './broker.js';

/**
 * Reads the recent history of rooms; older messages are in the database. Messages are removed here only after they are
 * stored there, so a reader that reads here first and there second sees every message.
 *
 * Every method rejects with `UnavailableError` while Redis cannot be reached.
 */
export interface RoomHistory {
  /** The last messages before a position, or of the room, at most `limit`; oldest first. */
  before(roomId: number, before: Position | undefined, limit: number): Promise<StoredMessage[]>;
  /** The first messages from a position on, that position included, at most `limit`; oldest first. */
  from(roomId: number, from: Position, limit: number): Promise<StoredMessage[]>;
  /**
   * Like {@link from} for many rooms, each with its own position; at most `limit` of each room. Takes one round trip, and more for
   * thousands of entries.
   */
  fromEach(
    rooms: ReadonlyArray<{ readonly roomId: number; readonly from: Position }>,
    limit: number,
  ): Promise<StoredMessage[][]>;
}
