import type { RedisClient } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, testRedis, until } from '@chorus/testing';
import { expect } from 'chai';
import { Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';

const HOUR_MS = 3_600_000;
const LEASE_MS = 10_000;

/** Data from before the clock was set back has times in the future. */
describe('a Redis whose clock was set back', () => {
  const closer = closeAfterEach();
  let fixture: RedisFixture;
  let redis: RedisClient;
  let roomId: number;

  beforeEach(async () => {
    fixture = closer().add(await makeRedisFixture(testOptions(redisAt((await testRedis()).url))));
    redis = fixture.redis;
    roomId = someRoom();
  });

  it('lets archivers claim rooms whose mark or lease lies in the future', async () => {
    await fixture.directory().ensure(roomId, 0);
    const broker = await fixture.connect(new Recorder());
    await broker.publish(roomId, '"a":1}');
    const key = fixture.keys.unstored(undefined);
    await redis.zadd(key, Date.now() + HOUR_MS, roomId);
    const claimed = await fixture.queue().claim(10, 10, LEASE_MS);
    expect(claimed.map((backlog) => backlog.roomId)).to.deep.equal([roomId]);
    // The room has a valid lease now.
    expect(await fixture.queue().claim(10, 10, LEASE_MS)).to.deep.equal([]);
  });

  it('lets changes be settled whose start lies in the future', async () => {
    const directory = fixture.directory();
    const key = fixture.keys.pendingChanges();
    await redis.zadd(key, Date.now() + HOUR_MS, roomId);
    const pending = await directory.pending(5_000, 10);
    expect(pending.map((change) => change.roomId)).to.deep.equal([roomId]);
    await directory.settle(pending);
    expect(await directory.pending(5_000, 10)).to.deep.equal([]);
  });

  it('keeps no lock for longer than its time to live', async () => {
    const directory = fixture.directory();
    const key = fixture.keys.lock('work');
    const run = (): Promise<boolean> => directory.exclusively('work', 5_000, async () => undefined);
    const [, server = ''] = /run_id:(\w+)/.exec(await redis.info('server')) ?? [];
    await redis.set(key, `${server}:somebody`, 'PX', 4_000);
    expect(await run()).to.equal(false);
    await redis.set(key, `${server}:somebody`, 'PX', HOUR_MS);
    expect(await run()).to.equal(true);
  });

  it('keeps no lock of a server process that is gone', async () => {
    const key = fixture.keys.lock('work');
    await redis.set(key, `${'0'.repeat(40)}:somebody`, 'PX', 4_000);
    expect(await fixture.directory().exclusively('work', 5_000, async () => undefined)).to.equal(true);
  });

  it('begins epochs above all epochs that nodes have seen, in every room', async () => {
    const directory = fixture.directory();
    const other = someRoom();
    await directory.ensure(roomId, 0);
    const broker = await fixture.connect(new Recorder());
    const seen = { epoch: Date.now() + HOUR_MS, seq: 3 };
    expect((await broker.position(roomId, seen)).epoch).to.be.above(seen.epoch);
    await directory.ensure(other, 0);
    expect((await broker.position(other)).epoch).to.be.above(seen.epoch);
  });

  it('begins epochs above all epochs of the database, in every room, after the loss of all data', async () => {
    const archive = new TestRoomArchive();
    const epochs = [Date.now() + HOUR_MS, Date.now() + 2 * HOUR_MS];
    const roomIds = epochs.map((epoch) => {
      const id = someRoom();
      archive.add(id);
      archive.store(id, [{ epoch, seq: 1, body: '"a":1}' }]);
      return id;
    });
    const broker = await fixture.connect(new Recorder());
    closer().add(archive.lookAfter(fixture.directory()));
    for (const id of roomIds) {
      await until('the room', () =>
        broker.position(id).then(
          () => true,
          () => false,
        ),
      );
      const { epoch, seq } = await broker.publish(id, '"a":2}');
      expect(seq).to.equal(2);
      expect(epoch).to.be.above(Math.max(...epochs));
    }
  });
});
