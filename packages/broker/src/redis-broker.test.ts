import { testRedis } from '@chorus/local';
import { describeBroker, describeRoomDirectory, type MakeBrokerFixture } from './broker-conformance.js';
import { makeRedisFixture, testOptions } from './test-redis-fixture.js';

const makeFixture: MakeBrokerFixture = async ({ historySize }) => {
  const { url } = await testRedis();
  return makeRedisFixture(testOptions({ urls: [url], cluster: false, commandTimeoutMs: 3_000 }, historySize));
};

describeBroker('Redis', makeFixture);
describeRoomDirectory('Redis', makeFixture);
