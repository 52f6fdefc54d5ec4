import { testRedis } from '@chorus/local';
import {
  describeArchiveQueue,
  describeBacklogCount,
  describeBroker,
  describeHistoryLimits,
  describePositions,
  describePublishing,
  describeRoomDirectory,
  describeRoomHistory,
  type MakeBrokerFixture,
} from './broker-conformance.js';
import { makeRedisFixture, testOptions } from './test-redis-fixture.js';

const makeFixture: MakeBrokerFixture = async ({ maxBacklogBytes }) => {
  const { url } = await testRedis();
  const redis = { urls: [url], cluster: false, commandTimeoutMs: 3_000 };
  return makeRedisFixture(testOptions(redis, maxBacklogBytes));
};

describeBroker('Redis', makeFixture);
describePositions('Redis', makeFixture);
describePublishing('Redis', makeFixture);
describeArchiveQueue('Redis', makeFixture);
describeHistoryLimits('Redis', makeFixture);
describeBacklogCount('Redis', makeFixture);
describeRoomHistory('Redis', makeFixture);
describeRoomDirectory('Redis', makeFixture);
