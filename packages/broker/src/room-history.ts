import type { Position, StoredMessage } from './broker.js';

/**
 * Reads the recent history of rooms; older messages are in the database. What is not here any more was
 * stored there before it went, so whoever reads here first and there second sees every message.
 *
 * Every method rejects with `UnavailableError` while Redis cannot be reached.
 */
export interface RoomHistory {
  /** The last messages before a position, or of all, at most `limit`; oldest first. */
  before(roomId: number, before: Position | undefined, limit: number): Promise<StoredMessage[]>;
  /** The first messages from a position on, that position included, at most `limit`; oldest first. */
  from(roomId: number, from: Position, limit: number): Promise<StoredMessage[]>;
}
