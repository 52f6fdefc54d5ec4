import type { RedisClient } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import type { Broker } from '../../broker.js';
import { Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';

/** Length of a turn, in seconds; at least as long as keys are promised to be known. */
const TURN = 300;

describe('keys of messages in Redis', () => {
  const closer = closeAfterEach();
  let redis: RedisClient;
  let fixture: RedisFixture;
  let broker: Broker;
  let roomId: number;

  beforeEach(async () => {
    fixture = closer().add(await makeRedisFixture(testOptions(redisAt((await testRedis()).url))));
    redis = fixture.redis;
    broker = await fixture.connect(new Recorder());
    roomId = someRoom();
    await fixture.directory().ensure(roomId, 0);
  });

  /** The hash that takes new keys now, and the other one; not at the moment when they change. */
  const hashes = async (): Promise<{ turn: number; current: string; other: string }> => {
    for (;;) {
      const [seconds] = await redis.time();
      const turn = Math.floor(Number(seconds) / TURN);
      const [even, odd] = fixture.keys.sent(roomId);
      const [current, other] = turn % 2 === 0 ? [even, odd] : [odd, even];
      if (Number(seconds) % TURN < TURN - 3) return { turn, current, other };
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  };

  it('are kept until the end of the turn after their own', async () => {
    const { turn, current, other } = await hashes();
    await broker.publish(roomId, '"a":1}', 'k');
    await broker.publish(roomId, '"a":1}', 'l');
    expect(await redis.expiretime(current)).to.equal((turn + 2) * TURN);
    expect(await redis.exists(other)).to.equal(0);
  });

  it('are found in the turn after their own', async () => {
    const { turn, current, other } = await hashes();
    const first = await broker.publish(roomId, '"a":1}', 'k');
    await redis.rename(current, other);
    await redis.hset(other, '', turn - 1);
    const [known, fresh] = await Promise.all([
      broker.publish(roomId, '"a":1}', 'k'),
      broker.publish(roomId, '"a":1}', 'l'),
    ]);
    expect(known).to.deep.equal({ ...first, repeated: true });
    expect(fresh.seq).to.equal(2);
    expect(await redis.hkeys(current)).to.have.members(['', 'l']);
  });

  it('survive when their hash was about to expire with keys of two turns ago', async () => {
    const { turn, current } = await hashes();
    await redis.hset(current, '', turn - 2);
    await redis.expireat(current, turn * TURN + 1_000);
    await broker.publish(roomId, '"a":1}', 'k');
    expect(await redis.expiretime(current)).to.equal((turn + 2) * TURN);
    expect(await redis.hget(current, '')).to.equal(String(turn));
  });
});
