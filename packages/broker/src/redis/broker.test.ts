import { addRedisUser } from '@chorus/local';
import { testRedis } from '@chorus/testing';
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
import { makeRedisFixture, testOptions } from '../testing/redis-fixture.js';

let users: Promise<string[]> | undefined;
/** With a user that has exactly the permissions that docs/how-to/postgresql-and-redis.md lists. */
const makeFixture: MakeBrokerFixture = async ({ maxBacklogBytes }) => {
  users ??= testRedis().then(({ url }) => addRedisUser([url], 'test-*'));
  const redis = { urls: await users, cluster: false, commandTimeoutMs: 3_000 };
  return makeRedisFixture(testOptions(redis, maxBacklogBytes));
};

describeBroker('Redis', makeFixture);
describePositions('Redis', makeFixture);
describePublishing('Redis', makeFixture);
describeEntries('Redis', makeFixture);
describeRestoring('Redis', makeFixture);
describeArchiveQueue('Redis', makeFixture);
describeHistoryLimits('Redis', makeFixture);
describeBacklogCount('Redis', makeFixture);
describeBacklogShares('Redis', makeFixture);
describeRoomHistory('Redis', makeFixture);
describeRoomDirectory('Redis', makeFixture);
