import type { ArchiveQueue } from '../../archive-queue.js';
import type { Broker, BrokerListener } from '../../broker.js';
import type { RoomDirectory } from '../../room-directory.js';
import type { RoomHistory } from '../../room-history.js';

/** Rooms of one fixture: no other fixture sees them, and none are known at first. */
export interface BrokerFixture {
  /** A directory of these rooms; all of them share their data. */
  directory(): RoomDirectory;
  /** An archive queue of these rooms; all of them share their data. */
  queue(): ArchiveQueue;
  history(): RoomHistory;
  /** Connects another broker of these rooms, with that listener if one is given. Closed with the fixture. */
  connect(listener?: BrokerListener): Promise<Broker>;
  close(): Promise<void>;
}

/** @param maxBacklogBytes over all rooms that share a budget; by default more than tests need */
export type MakeBrokerFixture = (options: { maxBacklogBytes?: number }) => Promise<BrokerFixture>;
