import { describeBroker, describeRoomDirectory, type MakeBrokerFixture } from './broker-conformance.js';
import { MemoryBroker } from './memory-broker.js';
import { MemoryRoomDirectory } from './memory-room-directory.js';
import { MemoryRooms } from './memory-rooms.js';

const makeFixture: MakeBrokerFixture = async ({ historySize }) => {
  const rooms = new MemoryRooms(historySize);
  return {
    directory: () => new MemoryRoomDirectory(rooms),
    connect: async (listener) => new MemoryBroker(rooms, listener),
    close: async () => undefined,
  };
};

describeBroker('in memory', makeFixture);
describeRoomDirectory('in memory', makeFixture);
