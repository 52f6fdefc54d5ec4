import { addRedisUser, type LocalRedisCluster, startRedisCluster } from '@chorus/local';
import { redisAt } from '@chorus/redis/testing';
import { ensureTestRedis, testRedis } from '@chorus/testing';
import { describeBrokers } from './testing/conformance/index.js';
import { makeMemoryFixture, makeStoredFirstFixture } from './testing/memory-fixture.js';
import { makeClusterFixture, makeRedisFixture, testOptions } from './testing/redis-fixture.js';

/* Over Redis, with a user that has exactly the permissions that docs/how-to/postgresql-and-redis.md lists. */

describeBrokers('in memory', makeMemoryFixture);
describeBrokers('in memory, stored first', makeStoredFirstFixture, { archived: false });

describe('over one Redis', () => {
  let urls: string[];

  before(async () => {
    urls = await addRedisUser([(await testRedis()).url], 'test-*');
  });

  describeBrokers('Redis', ({ maxBacklogBytes }) =>
    makeRedisFixture(testOptions(redisAt(urls), maxBacklogBytes)),
  );
});

/** A real cluster refuses scripts that touch more than one slot. */
describe('over the slots of a Redis Cluster', () => {
  let cluster: LocalRedisCluster;
  let urls: string[];

  before(async function () {
    this.timeout(60_000);
    await ensureTestRedis();
    cluster = await startRedisCluster();
    urls = await addRedisUser(cluster.urls, 'test-*');
  });

  after(() => cluster.close());

  describeBrokers('Redis Cluster', (options) => makeClusterFixture(urls, options));
});
