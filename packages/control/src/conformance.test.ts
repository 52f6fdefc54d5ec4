import { type LocalRedisCluster, startRedisCluster } from '@chorus/local';
import { UnavailableError } from '@chorus/redis';
import { createLogger } from '@chorus/service';
import { ManualClock, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import { AccessCopy } from './access-copy.js';
import { MemoryAccessList } from './memory/access-list.js';
import { MemoryNodeRegistry } from './memory/node-registry.js';
import type { NodeReport } from './node-registry.js';
import { RedisAccessList } from './redis/access-list.js';
import { RedisMembershipList } from './redis/membership-list.js';
import { RedisNodeRegistry } from './redis/node-registry.js';
import { describeAccessCopy } from './testing/access-copy-conformance.js';
import { describeAccessList } from './testing/access-list-conformance.js';
import { describeMembershipList } from './testing/membership-list-conformance.js';
import { describeNodeRegistry } from './testing/node-registry-conformance.js';
import {
  openRedisAccessList,
  openRedisFixture,
  openRedisMembershipList,
  openRedisNodeRegistry,
  type RedisFixture,
} from './testing/redis-fixture.js';

/** What the suites need of a clock. */
function clock() {
  const manual = new ManualClock(1_700_000_000_000);
  return {
    now: async () => manual.now(),
    read: () => manual.now(),
    pass: (ms: number) => manual.advance(ms),
    close: async () => {},
  };
}

describeAccessList('memory', async () => {
  const time = clock();
  const list = new MemoryAccessList(time.read);
  return { ...time, open: () => list };
});

describeAccessCopy('memory', async () => {
  const time = clock();
  const list = new MemoryAccessList(time.read);
  return { ...time, open: () => list };
});

describeMembershipList('memory', async () => {
  const time = clock();
  const access = new MemoryAccessList(time.read);
  return { ...time, open: () => ({ list: access.memberships, access }) };
});

describeNodeRegistry('memory', async () => {
  const time = clock();
  const registry = new MemoryNodeRegistry(time.read);
  return { ...time, open: () => registry };
});

describe('MemoryAccessList', () => {
  it('admits users from the start: no data can have been lost', async () => {
    expect(await new MemoryAccessList().check([{ userId: 1 }])).to.deep.equal(['ok']);
  });
});

describe('control in Redis', () => {
  const servers: string[] = [];
  before(async () => {
    servers.push((await testRedis()).url);
  });

  describeAccessList('Redis', () => openRedisAccessList(servers));
  describeAccessCopy('Redis', () => openRedisAccessList(servers));
  describeMembershipList('Redis', () => openRedisMembershipList(servers));
  describeNodeRegistry('Redis', () => openRedisNodeRegistry(servers));
  describeWhatRedisLoses(() => openRedisFixture(servers));
});

describe('control in a Redis Cluster', () => {
  let cluster: LocalRedisCluster;
  before(async function () {
    this.timeout(40_000);
    cluster = await startRedisCluster();
  });
  after(() => cluster.close());

  describeAccessList('Redis Cluster', () => openRedisAccessList(cluster.urls));
  describeAccessCopy('Redis Cluster', () => openRedisAccessList(cluster.urls));
  describeMembershipList('Redis Cluster', () => openRedisMembershipList(cluster.urls));
  describeNodeRegistry('Redis Cluster', () => openRedisNodeRegistry(cluster.urls));
  describeWhatRedisLoses(() => openRedisFixture(cluster.urls));
});

const REPORT: NodeReport = { nodeId: 'a', startedAt: 0, connections: 0, rooms: 0, state: 'ready' };

/** Beyond the twins in memory: Redis can lose data and be unreachable. */
function describeWhatRedisLoses(open: () => Promise<RedisFixture>): void {
  describe('with a Redis that fails', () => {
    let fixture: RedisFixture;
    let list: RedisAccessList;

    beforeEach(async () => {
      fixture = await open();
      list = new RedisAccessList(fixture.redis, fixture.keyspace);
    });

    afterEach(() => fixture.close());

    const complete = async (): Promise<void> => (await list.beginRestoration()).complete();

    it('admits no user before it has the bans, nor after it lost them', async () => {
      await expectUnavailable(list.check([{ userId: 1 }]));
      const restoration = await new RedisMembershipList(fixture.redis, fixture.keyspace).beginRestoration();
      await restoration.complete();
      expect(await list.replaceBans([{ userId: 2 }])).to.deep.equal([]);
      await expectUnavailable(list.roomsOf(1));
      await complete();
      expect(await list.roomsOf(1)).to.deep.equal([]);
      expect(await list.check([{ userId: 1 }, { userId: 2 }])).to.deep.equal(['ok', 'banned']);
      await fixture.redis.del(await fixture.keys());
      await expectUnavailable(list.check([{ userId: 1 }]));
    });

    it('is not complete because of a single ban, all bans, or all sign-outs', async () => {
      await list.ban({ userId: 2 });
      await expectUnavailable(list.check([{ userId: 1 }]));
      await list.replaceBans([{ userId: 2 }]);
      await list.addRevocations([{ tokenId: 'gone', expiresAt: Date.now() + 3_600_000 }]);
      await expectUnavailable(list.check([{ userId: 1 }]));
    });

    it('does not become complete by a restoration before whose end Redis lost data', async () => {
      const restoration = await list.beginRestoration();
      await list.addRevocations([{ tokenId: 'gone', expiresAt: Date.now() + 3_600_000 }]);
      await fixture.redis.del(await fixture.keys());
      await list.replaceBans([{ userId: 2 }]);
      await expectUnavailable(restoration.complete());
      await expectUnavailable(list.check([{ userId: 1, tokenId: 'gone' }]));
    });

    it('does not become complete by a restoration that began in an earlier server process', async () => {
      const restoration = await list.beginRestoration();
      const key = (await fixture.keys()).find((name) => name.endsWith('bans')) ?? '';
      const begun = await fixture.redis.hget(key, 'restoring');
      // As a replica, or an older snapshot, of the data has it.
      await fixture.redis.hset(key, 'restoring', `x${begun?.slice(1)}`);
      await expectUnavailable(restoration.complete());
      await expectUnavailable(list.check([{ userId: 1 }]));
    });

    it('becomes complete by the last restoration that began, and stays so during the next', async () => {
      const first = await list.beginRestoration();
      const second = await list.beginRestoration();
      await list.replaceBans([{ userId: 2 }]);
      await expectUnavailable(first.complete());
      await second.complete();
      await list.beginRestoration();
      expect(await list.check([{ userId: 1 }, { userId: 2 }])).to.deep.equal(['ok', 'banned']);
    });

    it('is copied by gateways only while it is complete, and read again after a loss', async () => {
      let reread = 0;
      const copy = new AccessCopy({
        list,
        onMissed: () => undefined,
        onReread: () => reread++,
        log: createLogger({ service: 'test', level: 'silent' }),
        intervalMs: 3_600_000,
        trustMs: 3_600_000,
      });
      const admits = async (): Promise<boolean> => {
        await copy.refresh();
        return copy.admits({ userId: 1 });
      };
      expect(await admits()).to.equal(false);
      await complete();
      expect(await admits()).to.equal(true);
      await fixture.redis.del(await fixture.keys());
      expect(await admits(), 'nothing is known').to.equal(false);
      await list.ban({ userId: 2 });
      expect(await admits(), 'the list is not complete').to.equal(false);
      await complete();
      expect(await admits()).to.equal(true);
      expect(copy.admits({ userId: 2 })).to.equal(false);
      expect(reread).to.equal(1);
      await copy.close();
    });

    it('reports which bans Redis lost', async () => {
      await complete();
      await list.replaceBans([{ userId: 2 }, { userId: 3 }]);
      await list.lift({ userId: 3 });
      expect(await list.replaceBans([{ userId: 2 }, { userId: 3 }])).to.deep.equal([{ userId: 3 }]);
    });

    it('reports which revocations Redis lost, unless it lost the bans too', async () => {
      const gone = { tokenId: 'gone', expiresAt: (await fixture.now()) + 3_600_000 };
      expect(await list.addRevocations([gone]), 'nothing came in before').to.deep.equal([]);
      await complete();
      expect(await list.addRevocations([gone])).to.deep.equal([]);
      await fixture.redis.del((await fixture.keys()).filter((key) => key.endsWith('revoked')));
      expect(await list.check([{ userId: 1, tokenId: 'gone' }])).to.deep.equal(['ok']);
      expect(await list.addRevocations([gone])).to.deep.equal([gone]);
      expect(await list.check([{ userId: 1, tokenId: 'gone' }])).to.deep.equal(['revoked']);
    });

    it('takes memberships of an earlier server process for absent, and restores them', async () => {
      const memberships = new RedisMembershipList(fixture.redis, fixture.keyspace);
      const users = [{ userId: 1, memberships: [[7, { role: 'member' }] as const] }];
      await complete();
      const first = await memberships.beginRestoration();
      await first.users(users);
      await first.complete();
      // As an older snapshot that another process has loaded.
      const keys = await fixture.keys();
      const marker = keys.find((key) => key.endsWith(':m')) ?? '';
      const run = (await fixture.admin.get(marker)) ?? '';
      const earlier = 'f'.repeat(40);
      for (const key of keys.filter((each) => /:m:\d+$/.test(each))) {
        await fixture.admin.hset(key, '', earlier.slice(0, 8));
      }
      await fixture.admin.set(marker, earlier);
      expect(run).to.match(/^[0-9a-f]{40}$/);
      expect(await memberships.isComplete()).to.equal(false);
      expect((await list.checkRooms([{ userId: 1, roomId: 7 }]))[0]?.membership).to.equal(undefined);
      await expectUnavailable(list.roomsOf(1));

      const second = await memberships.beginRestoration();
      await second.complete();
      const check = async () => (await list.checkRooms([{ userId: 1, roomId: 7 }]))[0]?.membership;
      expect(await check()).to.deep.equal({ role: 'none' });
      expect(await list.roomsOf(1)).to.deep.equal([]);
      await memberships.change([{ userId: 1, roomId: 8, membership: { role: 'member' } }]);
      expect([...(await memberships.ofUser(1)).keys()]).to.deep.equal([8]);
      await second.users(users);
      expect(await check()).to.deep.equal({ role: 'member' });
      await fixture.admin.set(marker, earlier);
      expect(await check(), 'the run id is known by now').to.equal(undefined);
    });

    it('takes at most 120 bytes for a membership', async () => {
      const memberships = new RedisMembershipList(fixture.redis, fixture.keyspace);
      const restoration = await memberships.beginRestoration();
      // Few rooms for each user: most of the bytes are the key's.
      const users = Array.from({ length: 500 }, (_, index) => ({
        userId: 1_000_000 + index,
        memberships: [0, 1_000].map((more) => [2_000_000 + index + more, { role: 'member' }] as const),
      }));
      await restoration.users(users);
      const sizes = await Promise.all(
        (await fixture.keys()).filter((key) => /:m:\d+$/.test(key)).map((key) => memoryOf(fixture, key)),
      );
      expect(sizes).to.have.length(500);
      const mean = sizes.reduce((sum, size) => sum + size, 0) / (2 * sizes.length);
      expect(mean).to.be.lessThan(120);
    });

    it('keeps no expired tokens and nodes', async () => {
      const registry = new RedisNodeRegistry(fixture.redis, fixture.keyspace);
      await registry.report(REPORT, 1);
      await registry.forget('a');
      expect(await fixture.keys()).to.deep.equal([]);
      for (let n = 0; n < 5; n++) await list.revoke(`old-${n}`, (await fixture.now()) - 3_600_000);
      const key = (await fixture.keys()).find((name) => name.endsWith('revoked')) ?? '';
      expect(await fixture.redis.zcard(key)).to.equal(1);
    });

    it('rejects with UnavailableError while Redis is unreachable', async () => {
      const connection = fixture.redis.duplicate();
      connection.disconnect();
      const away = new RedisAccessList(connection, fixture.keyspace);
      await expectUnavailable(away.check([{ userId: 1 }]));
      await expectUnavailable(away.revoke('token', 1));
      await expectUnavailable(away.addRevocations([{ tokenId: 'token', expiresAt: 1 }]));
      await expectUnavailable(away.ban({ userId: 1 }));
      await expectUnavailable(away.lift({ userId: 1 }));
      await expectUnavailable(away.replaceBans([{ userId: 1 }]));
      await expectUnavailable(away.beginRestoration());
      const registry = new RedisNodeRegistry(connection, fixture.keyspace);
      await expectUnavailable(registry.report(REPORT, 1));
      await expectUnavailable(registry.forget('a'));
      await expectUnavailable(registry.nodes());
    });
  });
}

async function expectUnavailable(call: Promise<unknown>): Promise<void> {
  const outcome = await call.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  expect(outcome).to.be.instanceOf(UnavailableError);
}

async function memoryOf({ admin }: RedisFixture, key: string): Promise<number> {
  return Number(await admin.memory('USAGE', key));
}
