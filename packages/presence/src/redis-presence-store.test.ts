import { startRedisCluster, testRedis } from '@chorus/local';
import { describeLossyPresenceStore, describePresenceStore } from './presence-conformance.js';
import { openRedisFixture } from './redis-fixture.js';

describe('RedisPresenceStore', () => {
  const servers: string[] = [];
  before(async () => {
    servers.push((await testRedis()).url);
  });

  describePresenceStore('Redis', () => openRedisFixture(servers));
  describeLossyPresenceStore('Redis', () => openRedisFixture(servers));
});

describe('RedisPresenceStore on a Redis Cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>;
  before(async function () {
    this.timeout(40_000);
    cluster = await startRedisCluster();
  });
  after(() => cluster.close());

  describePresenceStore('Redis Cluster', () => openRedisFixture(cluster.urls));
  describeLossyPresenceStore('Redis Cluster', () => openRedisFixture(cluster.urls));
});
