import type { ArchiveQueue } from '../../archive-queue.js';
import type { Broker, BrokerListener } from '../../broker.js';
import type { RoomDirectory } from '../../room-directory.js';
import type { RoomHistory } from '../../room-history.js';

/** Rooms of their own: no other fixture sees them, and none are known yet. */
export interface BrokerFixture {
  /** A directory of these rooms. Several of them agree. */
  directory(): RoomDirectory;
  /** What of these rooms waits to be archived. Several of them work together. */
  queue(): ArchiveQueue;
  history(): RoomHistory;
  /** One more broker of these rooms, with that listener if one is given. Closed with the fixture. */
  connect(listener?: BrokerListener): Promise<Broker>;
  close(): Promise<void>;
}

/** @param maxBacklogBytes over all rooms that share a budget; by default more than tests need */
export type MakeBrokerFixture = (options: { maxBacklogBytes?: number }) => Promise<BrokerFixture>;
