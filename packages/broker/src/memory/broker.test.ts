import {
  describeArchiveQueue,
  describeBacklogCount,
  describeBacklogShares,
  describeBroker,
  describeEntries,
  describeHistoryLimits,
  describePositions,
  describePublishing,
  describeRestoring,
  describeRoomDirectory,
  describeRoomHistory,
  type MakeBrokerFixture,
} from '../testing/conformance/broker.js';
import { MemoryArchiveQueue } from './archive-queue.js';
import { MemoryBroker } from './broker.js';
import { MemoryRoomDirectory } from './room-directory.js';
import { MemoryRoomHistory } from './room-history.js';
import { MemoryRoomStore } from './room-store.js';

const makeFixture: MakeBrokerFixture = async (options) => {
  const rooms = new MemoryRoomStore(options);
  return {
    directory: () => new MemoryRoomDirectory(rooms),
    queue: () => new MemoryArchiveQueue(rooms),
    history: () => new MemoryRoomHistory(rooms),
    connect: async (listener) => {
      const broker = new MemoryBroker(rooms);
      if (listener !== undefined) broker.listen(listener);
      return broker;
    },
    close: async () => undefined,
  };
};

describeBroker('in memory', makeFixture);
describePositions('in memory', makeFixture);
describePublishing('in memory', makeFixture);
describeEntries('in memory', makeFixture);
describeRestoring('in memory', makeFixture);
describeArchiveQueue('in memory', makeFixture);
describeHistoryLimits('in memory', makeFixture);
describeBacklogCount('in memory', makeFixture);
describeBacklogShares('in memory', makeFixture);
describeRoomHistory('in memory', makeFixture);
describeRoomDirectory('in memory', makeFixture);
