import { addRedisUser, type LocalRedisCluster, startRedisCluster } from '@chorus/local';
import type { PresenceFrame } from '@chorus/protocol';
import { ManualClock, testRedis } from '@chorus/testing';
import { MemoryPresenceStore } from './memory/presence-store.js';
import {
  describeLossyPresenceStore,
  describePresenceStore,
  SUITE_JOURNAL_LIMIT,
  SUITE_LIMIT,
} from './testing/conformance/index.js';
import { openRedisFixture } from './testing/redis-fixture.js';

describePresenceStore('memory', async () => {
  const clock = new ManualClock();
  const announced: PresenceFrame[] = [];
  const store = new MemoryPresenceStore({
    clock,
    announceLimit: SUITE_LIMIT,
    journalLimit: SUITE_JOURNAL_LIMIT,
    announce: (_roomId, frame) => {
      announced.push(JSON.parse(frame));
    },
  });
  return {
    open: () => store,
    openJournal: () => store.journal,
    announced: async () => announced,
    pass: (ms) => clock.advance(ms),
    close: async () => {},
  };
});

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
  let cluster: LocalRedisCluster;
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
