import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { startRedis } from '@chorus/local';
import type { Member } from '@chorus/protocol';
import { silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { openRedisFixture } from '../testing/redis-fixture.js';
import { PresenceTracker } from '../tracker/presence-tracker.js';

const TTL_MS = 2_000;

describe('PresenceTracker over Redis', () => {
  it('heals itself when Redis loses everything, and announces only who came and went', async function () {
    this.timeout(60_000);
    let server = await startRedis();
    const fixture = await openRedisFixture([server.url], { commandTimeoutMs: 1_000 });
    const reader = fixture.open();
    const nodes = ['a', 'b'].map((nodeId) => {
      const store = fixture.open();
      return new PresenceTracker({ store, nodeId, log: silentLog, ttlMs: TTL_MS, graceMs: 50 });
    });
    const crowd: Member[] = Array.from({ length: 300 }, (_, index) => ({
      id: index + 1,
      username: `u${index}`,
    }));
    const roomOf = (member: Member): number => 1 + (member.id % 7);
    const everyone = () => reader.everyone(0, 1000).catch(() => []);
    /** Polls until the lists show these ids. */
    const shown = async (expected: readonly Member[]): Promise<void> => {
      // A busy machine can miss a renewal, or the timeout of a read.
      for (let found = await everyone(); ; found = await everyone()) {
        if (isDeepStrictEqual(found, expected)) return;
        await sleep(10);
      }
    };
    try {
      for (const node of nodes) node.start();
      for (const member of crowd) for (const node of nodes) node.enter(roomOf(member), member);
      await shown(crowd);
      await Promise.all(nodes.map((node) => node.settled()));
      expect((await fixture.announced()).length).to.equal(300);

      await server.close();
      for (const node of nodes) node.exit(roomOf(crowd[0] as Member), crowd[0] as Member);
      server = await startRedis({ port: server.port });
      // Announcements are received again from here on.
      await fixture.announced();
      const newcomer = { id: 1000, username: 'newcomer' };
      nodes[0]?.enter(7, newcomer);
      await shown([...crowd.slice(1), newcomer]);
      await Promise.all(nodes.map((node) => node.settled()));

      // If a leave was sent in vain during the outage, it is unknown whether that departure was announced.
      const after = async (): Promise<string[]> =>
        (await fixture.announced())
          .slice(300)
          .map(({ type, userId }) => `${type} ${userId}`)
          .filter((notice) => notice !== 'left 1');
      expect(await after()).to.deep.equal(['joined 1000']);
      for (const member of crowd) for (const node of nodes) node.exit(roomOf(member), member);
      nodes[0]?.exit(7, newcomer);
      // No departure is decided for a lease after the loss.
      await until(async () => (await after()).length > crowd.length);
      await shown([]);
      expect((await after()).slice(1)).to.have.members(
        [...crowd.slice(1), newcomer].map(({ id }) => `left ${id}`),
      );
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
      await fixture.close();
      await server.close();
    }
  });

  it('announces no user when Redis returns with data older than every lease', async function () {
    this.timeout(30_000);
    // Longer than the outage, so that no renewal is missed.
    const ttlMs = 3_000;
    const dir = await mkdtemp(join(tmpdir(), 'chorus-presence-'));
    const args = ['--appendonly', 'no', '--save', ''];
    let server = await startRedis({ dir, args });
    const fixture = await openRedisFixture([server.url], { commandTimeoutMs: 1_000 });
    const nodes = ['a', 'b', 'c'].map(
      (nodeId) => new PresenceTracker({ store: fixture.open(), nodeId, log: silentLog, ttlMs, graceMs: 50 }),
    );
    const reader = fixture.open();
    const count = async (): Promise<number> => (await reader.everyone(0, 1_000).catch(() => [])).length;
    const everybodyIn = (): Promise<void> => until(async () => (await count()) >= 300);
    try {
      for (const node of nodes) {
        node.start();
        // They renew at different times, like gateways that were started at different times.
        await sleep(ttlMs / 9);
      }
      for (let id = 1; id <= 300; id++) nodes[id % 3]?.enter(1 + (id % 7), { id, username: `u${id}` });
      await Promise.all(nodes.map((node) => node.settled()));
      await everybodyIn();
      expect((await fixture.announced()).length).to.equal(300);
      await fixture.redis.save();
      // The data becomes older than any lease in it, while the nodes continue.
      await sleep(2 * ttlMs);
      server.kill('SIGKILL');
      await server.exited;
      server = await startRedis({ dir, port: server.port, args });
      // Announcements are received again from here on.
      await fixture.announced();
      await everybodyIn();
      // By then every node has renewed and looked for dead nodes several times.
      await sleep(ttlMs);
      expect((await fixture.announced()).slice(300)).to.deep.equal([]);
      await everybodyIn();
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
      await fixture.close();
      await server.close();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('announces no user who changed nodes while Redis refused writes', async function () {
    this.timeout(30_000);
    const server = await startRedis();
    const fixture = await openRedisFixture([server.url]);
    const [a, b] = ['a', 'b'].map((nodeId) => {
      const store = fixture.open();
      return new PresenceTracker({ store, nodeId, log: silentLog, ttlMs: 10_000, graceMs: 50 });
    });
    if (a === undefined || b === undefined) throw new Error('there are two');
    const settled = () => Promise.all([a.settled(), b.settled()]);
    const reader = fixture.open();
    const crowd: Member[] = Array.from({ length: 100 }, (_, index) => ({ id: index + 1, username: 'u' }));
    const roomOf = (member: Member): number => 1 + (member.id % 7);
    try {
      a.start();
      await sleep(20);
      b.start();
      // Half of them move one way, half the other: the node that notices first is wrong about one half.
      for (const member of crowd) (member.id % 2 === 0 ? a : b).enter(roomOf(member), member);
      await settled();
      expect((await fixture.announced()).length).to.equal(crowd.length);
      await fixture.redis.config('SET', 'maxmemory', '1');
      for (const member of crowd) {
        const [from, to] = member.id % 2 === 0 ? [a, b] : [b, a];
        to.enter(roomOf(member), member);
        from.exit(roomOf(member), member);
      }
      // Longer than the grace: the leaves are due.
      await until(() => !a.connected && !b.connected && a.leaving + b.leaving === 0);
      await fixture.redis.config('SET', 'maxmemory', '0');
      await settled();
      expect((await fixture.announced()).slice(crowd.length)).to.deep.equal([]);
      expect(await reader.everyone(0, 1_000)).to.deep.equal(crowd);
      expect([a.localMembers, b.localMembers]).to.deep.equal([50, 50]);
    } finally {
      await Promise.all([a.close(), b.close()]);
      await fixture.close();
      await server.close();
    }
  });

  it('takes over from a stopped node, which recovers later', async () => {
    const server = await startRedis();
    const fixture = await openRedisFixture([server.url]);
    const [slow, live] = [fixture.open(), fixture.open()];
    // This node never renews by itself: its process is stopped.
    await slow.renew('slow', 300);
    await slow.join('slow', 7, { id: 1, username: 'ann' });
    const tracker = new PresenceTracker({
      store: live,
      nodeId: 'live',
      log: silentLog,
      ttlMs: 300,
      graceMs: 50,
    });
    try {
      tracker.start();
      await until(() => tracker.reaped > 0);
      expect(await live.members(7, 0, 10)).to.deep.equal([]);
      expect((await slow.renew('slow', 60_000)).entries).to.equal('reaped');
      await slow.join('slow', 7, { id: 1, username: 'ann' }, true);
      expect(await live.members(7, 0, 10)).to.deep.equal([{ id: 1, username: 'ann' }]);
      const announced = (await fixture.announced()).map(({ type }) => type);
      expect(announced).to.deep.equal(['joined', 'left', 'joined']);
    } finally {
      await tracker.close();
      await fixture.close();
      await server.close();
    }
  });
});
