import { addRedisUser, startRedisCluster } from '@chorus/local';
import { testRedis } from '@chorus/testing';
import { describeLossyPresenceStore, describePresenceStore } from '../testing/conformance/index.js';
import { openRedisFixture } from '../testing/redis-fixture.js';

/** Stores connect as a Redis user with exactly the permissions that docs/how-to/postgresql-and-redis.md lists. */
describe('RedisPresenceStore', () => {
  const servers: string[] = [];
  let users: string[];
  before(async () => {
    servers.push((await testRedis()).url);
    users = await addRedisUser(servers, 'test-*');
  });

  describePresenceStore('Redis', () => openRedisFixture(servers, { users }));
  describeLossyPresenceStore('Redis', () => openRedisFixture(servers, { users }));
});

describe('RedisPresenceStore on a Redis Cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>;
  let users: string[];
  before(async function () {
    this.timeout(40_000);
    cluster = await startRedisCluster();
    users = await addRedisUser(cluster.urls, 'test-*');
  });
  after(() => cluster.close());

  describePresenceStore('Redis Cluster', () => openRedisFixture(cluster.urls, { users }));
  describeLossyPresenceStore('Redis Cluster', () => openRedisFixture(cluster.urls, { users }));
});
