import type { ArchiveQueue } from '../../archive-queue.js';
import type { Broker, BrokerListener } from '../../broker.js';
import type { ReadPositions } from '../../read-positions.js';
import type { RoomDirectory } from '../../room-directory.js';
import type { RoomHistory } from '../../room-history.js';
import { Recorder, someRoom } from '../recorder.js';

/** Rooms of one fixture: no other fixture sees them, and none are known at first. */
export interface BrokerFixture {
  /** A directory of these rooms; all of them share their data. */
  directory(): RoomDirectory;
  /** An archive queue of these rooms; all of them share their data. */
  queue(): ArchiveQueue;
  history(): RoomHistory;
  reads(): ReadPositions;
  /** Connects another broker of these rooms, with that listener if one is given. Closed with the fixture. */
  connect(listener?: BrokerListener): Promise<Broker>;
  close(): Promise<void>;
}

/** @param maxBacklogBytes over all rooms that share a budget; by default more than tests need */
export type MakeBrokerFixture = (options: { maxBacklogBytes?: number }) => Promise<BrokerFixture>;

/** What the tests of a broker start with. */
export async function openRooms(makeFixture: MakeBrokerFixture) {
  const fixture = await makeFixture({});
  const recorder = new Recorder();
  return { fixture, recorder, directory: fixture.directory(), broker: await fixture.connect(recorder) };
}

/** Creates a room that ends at a position. */
export async function createRoom(directory: RoomDirectory, seq = 0): Promise<number> {
  const roomId = someRoom();
  await directory.ensure(roomId, seq);
  return roomId;
}

/** Publishes messages concurrently. */
export async function publishMany(broker: Broker, roomId: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => broker.publish(roomId, `"n":${n}}`)));
}
