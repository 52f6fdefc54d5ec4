import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalServer, startRedis } from '@chorus/local';
import { PARTITIONS, redisReady, UnavailableError } from '@chorus/redis';
import { connectRedis, redisAt } from '@chorus/redis/testing';
import { patiently, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import { NoLeaseError } from '../presence-store.js';
import { openRedisFixture, type RedisFixture } from '../testing/redis-fixture.js';
import { RedisPresenceStore } from './presence-store.js';

const LEASE_MS = 60_000;
const ann = { id: 1, username: 'ann' };
const bob = { id: 2, username: 'bob' };
const cyd = { id: 3, username: 'cyd' };

async function notices(fixture: RedisFixture): Promise<string[]> {
  return (await fixture.announced()).map((frame) => `${frame.type} ${frame.userId}`);
}

describe('presence in Redis', () => {
  let fixture: RedisFixture;

  beforeEach(async () => {
    fixture = await openRedisFixture([(await testRedis()).url]);
  });
  afterEach(() => fixture.close());

  it('leaves only leases and the processes of servers behind when all members have left', async () => {
    const [a, b] = [fixture.open(), fixture.open()];
    await a.renew('a', LEASE_MS);
    await b.renew('b', LEASE_MS);
    await a.join('a', 7, ann);
    await b.join('b', 7, bob);
    const held = await fixture.keys();
    expect(held.filter((key) => key.includes('room:7'))).to.deep.equal(['{:7}:room:7:members']);
    await a.leave('a', 7, ann);
    await b.leave('b', 7, bob);
    for (const key of await fixture.redis.keys(`*${fixture.keyspace.prefix}*:node:*`)) {
      expect(await fixture.redis.hkeys(key)).to.deep.equal(['changes']);
    }
    const kept = (await fixture.keys()).filter(
      (key) => !/:presence:(leases|process|node:[\w-]{8})$/.test(key),
    );
    expect(kept).to.deep.equal([]);
  });

  it('leaves only expiring markers behind when all nodes were reaped', async () => {
    const [a, b] = [fixture.open(), fixture.open()];
    await a.renew('a', 1);
    await b.renew('b', 1);
    for (const member of [ann, bob, cyd]) {
      await a.join('a', member.id, member);
      await b.join('b', 7, member);
    }
    await fixture.pass(5);
    expect(await a.expired()).to.have.members(['a', 'b']);
    const c = fixture.open();
    await c.renew('c', LEASE_MS);
    await Promise.all([c.reap('a', 'c'), c.reap('b', 'c')]);
    expect(await c.expired()).to.deep.equal([]);
    const kept = (await fixture.keys()).filter((key) => !/:presence:(leases|process)$/.test(key));
    expect(kept.filter((key) => !/^\{:\d+\}:presence:closed:[\w-]{8}$/.test(key))).to.deep.equal([]);
    const [marker = ''] = kept;
    const seconds = await fixture.redis.ttl(marker.replace('{', `{${fixture.keyspace.prefix}`));
    expect(seconds).to.be.within(1, 3_600);
  });

  it('is reaped completely by another node when a reaper dies half way', async () => {
    const store = fixture.open();
    await store.renew('a', LEASE_MS);
    for (let id = 1; id <= 30; id++) await store.join('a', id % 3 === 0 ? 7 : 71, { id, username: `u${id}` });
    await store.renew('a', 1);
    await fixture.pass(5);

    const dying = await connectRedis(redisAt((await testRedis()).url));
    const { keyspace, noticeTarget } = fixture;
    const reaper = new RedisPresenceStore(dying, { keyspace, noticeTarget });
    const remove = dying.chorusPresenceLeave.bind(dying);
    let calls = 0;
    Object.assign(dying, {
      chorusPresenceLeave: (keys: number, ...args: string[]) =>
        ++calls === 1 ? remove(keys, ...args) : Promise.reject(new Error('dead')),
    });
    await reaper.renew('reaper', LEASE_MS);
    const error = await reaper.reap('a', 'reaper').catch((error: unknown) => error);
    expect(error).to.be.instanceOf(Error);
    await dying.quit();

    expect(await store.expired()).to.deep.equal(['a']);
    const before = (await notices(fixture)).filter((notice) => notice.startsWith('left')).length;
    expect(before).to.be.within(10, 20);
    // Meanwhile the node resumes. It can neither write under its old registration nor revive it.
    const refused = await store.join('a', 7, { id: 99, username: 'late' }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(NoLeaseError);
    expect((await store.renew('a', LEASE_MS)).entries).to.equal('reaped');
    expect(await store.everyone(0, 100)).to.deep.equal([]);
    expect(await store.expired()).to.deep.equal(['a']);
    expect(await store.reap('a', 'a')).to.equal(30 - before);
    const left = (await notices(fixture)).filter((notice) => notice.startsWith('left'));
    expect(new Set(left).size).to.equal(30);
    expect(left.length).to.equal(30);
    expect(await store.expired()).to.deep.equal([]);
  });

  it('is written again when one partition lost its data', async () => {
    const store = fixture.open();
    await store.renew('a', LEASE_MS);
    await store.join('a', 7, ann);
    await store.join('a', 8, ann);
    const { keyspace, redis } = fixture;
    await redis.del(`${keyspace.partition(8)}:presence:leases`, `${keyspace.room(8)}:members`);
    expect((await store.renew('a', LEASE_MS)).entries).to.equal('missing');
    await store.join('a', 7, ann, true);
    await store.join('a', 8, ann, true);
    expect(await store.members(8, 0, 10)).to.deep.equal([ann]);
    expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 1']);
    expect((await store.renew('a', LEASE_MS)).entries).to.equal('kept');
  });
});

describe('presence while Redis fails', () => {
  let dir: string;
  let server: LocalServer;
  let fixture: RedisFixture;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'chorus-presence-'));
    // Snapshots only, as in many Redis installations: a crash loses all writes after the last one.
    server = await startRedis({ dir, args: ['--appendonly', 'no', '--save', ''] });
    fixture = await openRedisFixture([server.url], { commandTimeoutMs: 250 });
  });
  afterEach(async () => {
    await fixture.close();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('rejects with one error, whatever the call', async () => {
    const store = fixture.open();
    await store.renew('a', LEASE_MS);
    server.kill('SIGKILL');
    await server.exited;
    const calls: Array<() => Promise<unknown>> = [
      () => store.renew('a', LEASE_MS),
      () => store.renew('b', LEASE_MS),
      () => store.join('a', 7, ann),
      () => store.leave('a', 7, ann),
      () => store.members(7, 0, 10),
      () => store.everyone(0, 10),
      () => store.busiest(10),
      () => store.expired(),
      () => store.reap('b', 'a'),
      () => store.release('a', 0),
    ];
    for (const call of calls) {
      const error = await call().catch((error: unknown) => error);
      expect(error, String(call)).to.be.instanceOf(UnavailableError);
    }
    server = await startRedis({ dir, port: server.port, args: ['--appendonly', 'no', '--save', ''] });
    await redisReady(fixture.redis, patiently(5_000));
  });

  it('is written again, unannounced, when Redis returns with older data', async () => {
    const store = fixture.open();
    await store.renew('a', LEASE_MS);
    await store.join('a', 7, ann);
    await store.join('a', 7, cyd);
    await fixture.redis.save();
    // As many members as before: only the number of changes distinguishes the two states.
    await store.join('a', 7, bob);
    await store.leave('a', 7, cyd);
    expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 3', 'joined 2', 'left 3']);

    server.kill('SIGKILL');
    await server.exited;
    const error = await store.join('a', 7, ann).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(Error);
    server = await startRedis({ dir, port: server.port, args: ['--appendonly', 'no', '--save', ''] });
    await redisReady(fixture.redis, patiently(5_000));
    await fixture.announced();
    expect(await store.members(7, 0, 10)).to.deep.equal([ann, cyd]);

    expect((await store.renew('a', 1_000)).entries).to.equal('missing');
    await store.join('a', 7, ann, true);
    await store.join('a', 7, bob, true);
    expect(await store.members(7, 0, 10)).to.deep.equal([ann, bob, cyd]);
    expect((await store.renew('a', LEASE_MS)).entries).to.equal('kept');
    // Entries that came back with older data last as long as their lease.
    await fixture.pass(1_005);
    expect(await store.members(7, 0, 10)).to.deep.equal([ann, bob]);
    expect(await store.reap('a', 'a')).to.equal(1);
    expect((await notices(fixture)).slice(4)).to.deep.equal(['left 3']);
  });

  it('declares no node dead by data that is older than the lease of the asking node', async () => {
    const [a, b] = [fixture.open(), fixture.open()];
    await a.renew('a', 1);
    await b.renew('b', 1);
    await a.join('a', 7, ann);
    await fixture.redis.save();
    await a.renew('a', LEASE_MS);
    await b.renew('b', LEASE_MS);
    server.kill('SIGKILL');
    await server.exited;
    server = await startRedis({ dir, port: server.port, args: ['--appendonly', 'no', '--save', ''] });
    await redisReady(fixture.redis, patiently(5_000));
    expect(await b.expired()).to.have.members(['a', 'b']);
    expect(await b.reap('a', 'b')).to.equal(0);
    // Its current lease differs from that of the data; the renewing node must give the others time.
    expect(await b.renew('b', LEASE_MS)).to.deep.equal({ entries: 'kept', leftMs: 0 });
    expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
    expect(await b.reap('a', 'b')).to.equal(0);
    expect(await b.members(7, 0, 10)).to.deep.equal([ann]);
  });

  it('declares no node dead by a clock that jumped past all leases but its own', async () => {
    const [a, b] = [fixture.open(), fixture.open()];
    await a.renew('a', LEASE_MS);
    await a.join('a', 7, ann);
    await b.renew('b', LEASE_MS * 10);
    // The clock of Redis cannot be set here; ending all leases a minute earlier has an equivalent effect.
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const leases = `${fixture.keyspace.partition(partition)}:presence:leases`;
      for (const lease of await fixture.redis.zrange(leases, 0, -1)) {
        await fixture.redis.zincrby(leases, -LEASE_MS - 1_000, lease);
      }
    }
    expect(await b.expired()).to.deep.equal(['a']);
    expect(await b.reap('a', 'b')).to.equal(0);
    expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
  });

  it('lets no member leave while none can join because Redis is out of memory', async () => {
    const [a, b] = [fixture.open(), fixture.open()];
    await a.renew('a', LEASE_MS);
    await b.renew('b', LEASE_MS);
    await a.join('a', 7, ann);
    await fixture.redis.config('SET', 'maxmemory', '1');
    for (const call of [() => b.join('b', 7, ann), () => a.leave('a', 7, ann)]) {
      const error = await call().catch((error: unknown) => error);
      expect(String(error)).to.include('OOM');
    }
    await fixture.redis.config('SET', 'maxmemory', '0');
    expect(await a.members(7, 0, 10)).to.deep.equal([ann]);
    expect(await notices(fixture)).to.deep.equal(['joined 1']);
  });

  it('shows no trace of a call that ran after its caller gave up', async () => {
    const store = fixture.open();
    await store.renew('a', LEASE_MS);
    await store.join('a', 7, bob);
    server.kill('SIGSTOP');
    const error = await store.join('a', 7, ann).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(Error);
    server.kill('SIGCONT');
    // Ann has left meanwhile. Her join still ran, and bob's entry is not affected.
    await fixture.announced();
    expect(await store.members(7, 0, 10)).to.deep.equal([ann, bob]);

    expect((await store.renew('a', 1_000)).entries).to.equal('missing');
    await store.join('a', 7, bob, true);
    expect((await store.renew('a', LEASE_MS)).entries).to.equal('kept');
    await fixture.pass(1_005);
    expect(await store.members(7, 0, 10)).to.deep.equal([bob]);
    expect(await store.expired()).to.deep.equal(['a']);
    expect(await store.reap('a', 'a')).to.equal(1);
    expect(await notices(fixture)).to.deep.equal(['joined 2', 'joined 1', 'left 1']);
  });

  it('keeps a lease through a short outage without loss', async () => {
    const store = fixture.open();
    await store.renew('a', LEASE_MS);
    await store.join('a', 7, ann);
    await fixture.redis.save();
    server.kill('SIGKILL');
    await server.exited;
    for (const call of [() => store.renew('a', LEASE_MS), () => store.join('a', 7, bob)]) {
      const error = await call().catch((error: unknown) => error);
      expect(error).to.be.instanceOf(Error);
    }
    server = await startRedis({ dir, port: server.port, args: ['--appendonly', 'no', '--save', ''] });
    await redisReady(fixture.redis, patiently(5_000));
    expect((await store.renew('a', LEASE_MS)).entries).to.equal('kept');
    expect(await store.members(7, 0, 10)).to.deep.equal([ann]);
  });
});
