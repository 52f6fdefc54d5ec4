import {
  describeBroker,
  describePublishing,
  describeRoomDirectory,
  type MakeBrokerFixture,
} from './broker-conformance.js';
import { MemoryBroker } from './memory-broker.js';
import { MemoryRoomDirectory } from './memory-room-directory.js';
import { MemoryRooms } from './memory-rooms.js';

const makeFixture: MakeBrokerFixture = async (options) => {
  const rooms = new MemoryRooms(options);
  return {
    directory: () => new MemoryRoomDirectory(rooms),
    connect: async (listener) => new MemoryBroker(rooms, listener),
    close: async () => undefined,
  };
};

describeBroker('in memory', makeFixture);
describePublishing('in memory', makeFixture);
describeRoomDirectory('in memory', makeFixture);
