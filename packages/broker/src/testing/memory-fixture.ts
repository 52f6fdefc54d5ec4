import { MemoryArchiveQueue } from '../memory/archive-queue.js';
import { MemoryBroker } from '../memory/broker.js';
import { MemoryReadPositions } from '../memory/read-positions.js';
import { MemoryRoomDirectory } from '../memory/room-directory.js';
import { MemoryRoomHistory } from '../memory/room-history.js';
import { MemoryRoomStore } from '../memory/room-store.js';
import type { StoredKey } from '../memory/stored-first.js';
import type { BrokerFixture, MakeBrokerFixture } from './conformance/index.js';

const KEEP = { size: 1_000, maxAgeMs: 0 };

function fixtureOf(rooms: MemoryRoomStore): BrokerFixture {
  return {
    directory: () => new MemoryRoomDirectory(rooms),
    queue: () => new MemoryArchiveQueue(rooms),
    history: () => new MemoryRoomHistory(rooms),
    reads: () => new MemoryReadPositions(rooms),
    connect: async (listener) => {
      const broker = new MemoryBroker(rooms);
      if (listener !== undefined) broker.listen(listener);
      return broker;
    },
    close: async () => undefined,
  };
}

export const makeMemoryFixture: MakeBrokerFixture = async (options) =>
  fixtureOf(new MemoryRoomStore(options));

/** Rooms that are stored a moment after each publish, together with all messages of that moment. */
export const makeStoredFirstFixture: MakeBrokerFixture = async (options) => {
  let storing = false;
  const storedFirst = {
    begin: () => {
      if (storing) return;
      storing = true;
      setTimeout(() => {
        storing = false;
        for (const { roomId, messages, after } of rooms.claim(1_000, 1_000, 0)) {
          rooms.settle(roomId, messages.at(-1) ?? after, KEEP);
        }
      }, 1);
    },
    beginReads: () => {
      setTimeout(async () => {
        const reads = new MemoryReadPositions(rooms);
        await reads.settle(await reads.unsettled(1_000));
      }, 1);
    },
    failure: () => undefined,
    timeoutMs: 5_000,
    keys: new Map<number, StoredKey[]>(),
  };
  const rooms = new MemoryRoomStore({ ...options, storedFirst });
  return fixtureOf(rooms);
};
