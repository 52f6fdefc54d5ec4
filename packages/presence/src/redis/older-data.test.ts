import { ALL_PARTITIONS, redisReady } from '@chorus/redis';
import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import { ManualNode } from '../testing/manual-node.js';
import { openRedisFixture, type RedisFixture } from '../testing/redis-fixture.js';
import { OLDER_DATA, type OlderData, RedisWithOlderData } from '../testing/redis-with-older-data.js';

const LEASE_MS = 60_000;
const GRACE_MS = 2_000;
const RENEWAL_MS = LEASE_MS / 3;
/** In a room with a partition of its own among those that tests use. */
const ROOM = 7;
const ann = { id: 1, username: 'ann' };
const bob = { id: 2, username: 'bob' };

/** Moments of a user's change of gateways: the data of which of them comes back, and after which it does. */
const MOMENTS = [
  'before she joined',
  'after she joined',
  'after she moved',
  'after her leave was due',
] as const;
type Moment = (typeof MOMENTS)[number];

/** When each node notices that its data is lost, relative to the leave. */
const NOTICED = ['a, leave, b', 'leave, b, a', 'b, a, leave'] as const;

describe('presence in a Redis that comes back with older data', function () {
  this.timeout(30_000);

  let redis: RedisWithOlderData;
  let fixture: RedisFixture;
  let a: ManualNode;
  let b: ManualNode;

  const begin = async (kind: OlderData): Promise<void> => {
    redis = await RedisWithOlderData.start(kind);
    fixture = await openRedisFixture([redis.url]);
    const times = { ttlMs: LEASE_MS, graceMs: GRACE_MS };
    a = new ManualNode('a', fixture.open(), times);
    b = new ManualNode('b', fixture.open(), times);
    for (const { tracker } of [a, b]) tracker.start();
    // From here on a renews within the grace of those who leave next, and b after it.
    await b.advance(0);
    await a.advance(0);
    await a.advance(RENEWAL_MS - GRACE_MS / 2);
  };
  afterEach(async () => {
    await Promise.all([a.tracker.close(), b.tracker.close()]);
    await fixture.close();
    await redis.close();
  });

  const goBack = async (): Promise<void> => {
    await redis.goBack();
    await redisReady(fixture.redis, patiently(5_000));
    await fixture.announced();
  };
  const present = async (): Promise<number[]> =>
    (await fixture.open().members(ROOM, 0, 10)).map(({ id }) => id);
  const announced = async (): Promise<string[]> =>
    (await fixture.announced()).map(({ type, userId }) => `${type} ${userId}`);

  /** A whole lease passes, and with it the time in which departures wait; nodes renew meanwhile. */
  const passLease = async (): Promise<void> => {
    const renew = async (): Promise<void> => {
      for (const node of [a, b]) await node.advance(RENEWAL_MS);
    };
    await renew();
    for (const partition of ALL_PARTITIONS) {
      const begins = `${fixture.keyspace.partition(partition)}:presence`;
      for (const lease of await fixture.redis.zrange(`${begins}:leases`, 0, -1)) {
        const end = Number(await fixture.redis.zscore(`${begins}:leases`, lease));
        if (end > 0) await fixture.redis.zincrby(`${begins}:leases`, -LEASE_MS, lease);
      }
      for (const end of ['from', 'until']) {
        if (await fixture.redis.hexists(`${begins}:process`, end))
          await fixture.redis.hincrby(`${begins}:process`, end, -LEASE_MS);
      }
    }
    for (let times = 0; times < 5; times++) await renew();
  };

  const moves = async (
    remembered: Moment,
    back: 'before the leave' | 'after it',
    noticed: (typeof NOTICED)[number],
  ): Promise<void> => {
    const at = async (moment: Moment): Promise<void> => {
      if (moment === remembered) await redis.remember();
    };
    await at('before she joined');
    a.tracker.enter(ROOM, ann);
    await a.idle();
    await at('after she joined');
    b.tracker.enter(ROOM, ann);
    a.tracker.exit(ROOM, ann);
    await b.idle();
    await at('after she moved');
    const steps = {
      a: () => a.advance(GRACE_MS / 2),
      b: () => b.advance(RENEWAL_MS),
      leave: () => a.advance(GRACE_MS),
    };
    if (back === 'before the leave') await goBack();
    for (const step of noticed.split(', ') as Array<keyof typeof steps>) {
      await steps[step]();
      if (step !== 'leave') continue;
      await at('after her leave was due');
      if (back === 'after it') await goBack();
    }
  };

  for (const kind of OLDER_DATA) {
    // All moments with one kind, and the one that loses her move with the others.
    for (const remembered of kind === 'snapshot' ? MOMENTS : (['after she joined'] as const)) {
      for (const back of ['before the leave', 'after it'] as const) {
        if (remembered === 'after her leave was due' && back === 'before the leave') continue;
        for (const noticed of NOTICED) {
          it(`${kind} of the moment ${remembered}, back ${back} (${noticed}): who moved is announced as gone when she goes`, async () => {
            await begin(kind);
            await moves(remembered, back, noticed);
            await passLease();
            expect(await announced()).to.deep.equal(['joined 1']);
            expect(await present()).to.deep.equal([1]);
            b.tracker.exit(ROOM, ann);
            for (let times = 0; times < 2; times++) await b.advance(GRACE_MS);
            expect(await announced()).to.deep.equal(['joined 1', 'left 1']);
            expect(await present()).to.deep.equal([]);
            expect([a.tracker.localMembers, b.tracker.localMembers]).to.deep.equal([0, 0]);
          });
        }
      }
    }

    it(`${kind}: who goes while departures wait is announced once, and gone afterwards`, async () => {
      await begin(kind);
      b.tracker.enter(ROOM, bob);
      await b.idle();
      await redis.remember();
      a.tracker.enter(ROOM, ann);
      await a.idle();
      a.tracker.exit(ROOM, ann);
      b.tracker.exit(ROOM, bob);
      await goBack();
      await a.advance(GRACE_MS);
      await b.advance(GRACE_MS);
      expect(await announced()).to.deep.equal(['joined 2', 'joined 1']);
      await passLease();
      expect((await announced()).slice(2)).to.have.members(['left 1', 'left 2']);
      expect(await present()).to.deep.equal([]);
    });
  }
});

describe('a presence store in a Redis that comes back with older data', () => {
  let redis: RedisWithOlderData;
  let fixture: RedisFixture;

  beforeEach(async () => {
    redis = await RedisWithOlderData.start('snapshot');
    fixture = await openRedisFixture([redis.url], { commandTimeoutMs: 250 });
  });
  afterEach(async () => {
    await fixture.close();
    await redis.close();
  });

  const goBack = async (): Promise<void> => {
    await redis.goBack();
    await redisReady(fixture.redis, patiently(5_000));
    await fixture.announced();
  };

  it('misses a lost entry although a call that timed out ran after all', async () => {
    const store = fixture.open();
    await store.renew('a', LEASE_MS);
    await redis.remember();
    await store.join('a', ROOM, ann);
    await goBack();
    redis.kill('SIGSTOP');
    const error = await store.join('a', ROOM, bob).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(Error);
    redis.kill('SIGCONT');
    await fixture.announced();
    expect((await store.members(ROOM, 0, 10)).map(({ id }) => id)).to.deep.equal([bob.id]);
    expect((await store.renew('a', LEASE_MS)).entries).to.equal('missing');
  });

  it('declares no node dead while a node may lack the entries of its users', async () => {
    const [dead, b, c] = [fixture.open(), fixture.open(), fixture.open()];
    await dead.renew('dead', 1);
    await dead.join('dead', ROOM, ann);
    await b.renew('b', LEASE_MS);
    await c.renew('c', LEASE_MS);
    await redis.remember();
    await b.join('b', ROOM, ann);
    await goBack();
    expect(await c.expired()).to.deep.equal(['dead']);
    expect(await c.reap('dead', 'c')).to.equal(0);
    expect((await b.renew('b', LEASE_MS)).entries).to.equal('missing');
    await b.join('b', ROOM, ann, true);
    expect((await fixture.announced()).map(({ type }) => type)).to.deep.equal(['joined']);
  });
});
