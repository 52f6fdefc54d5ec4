import { encodeChange } from '@chorus/protocol';
import type { RedisClient } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import { Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';

const LEASE_MS = 60_000;

describe('a removed room', () => {
  const closer = closeAfterEach();
  let redis: RedisClient;
  let fixture: RedisFixture;
  let roomId: number;

  beforeEach(async () => {
    fixture = closer().add(await makeRedisFixture(testOptions(redisAt((await testRedis()).url))));
    redis = fixture.redis;
    roomId = someRoom();
  });

  /** Members of all keys of the fixture, and the names of the keys themselves, that contain the id of the room. */
  const traces = async (): Promise<string[]> => {
    const isAbout = (text: string): boolean => text.split(/\D+/).includes(String(roomId));
    const found: string[] = [];
    for (const key of await redis.keys(`${fixture.options.keyspace.prefix}*`)) {
      if (isAbout(key)) found.push(key);
      const type = await redis.type(key);
      const members =
        type === 'hash' ? await redis.hkeys(key) : type === 'zset' ? await redis.zrange(key, 0, -1) : [];
      found.push(...members.filter(isAbout).map((member) => `${key} ${member}`));
    }
    return found;
  };

  it('leaves nothing in Redis, also while an archiver stores its messages', async () => {
    const [directory, queue, reads] = [fixture.directory(), fixture.queue(), fixture.reads()];
    const broker = await fixture.connect(new Recorder());
    await directory.begin([roomId]);
    await directory.ensure(roomId, 0, 1, 'private', 'small');
    await directory.markComplete();
    await directory.setRetention(roomId, 7);
    const ann = { id: 7, username: 'ann' };
    const sentAt = Date.now();
    for (const key of ['k', 'l']) await broker.publish(roomId, `"content":"x","sentAt":${sentAt}}`, key);
    const target = await broker.position(roomId);
    const change = {
      change: 'deleted',
      target,
      author: ann,
      n: 2,
      originalSentAt: sentAt,
      id: 'c',
      sentAt,
    } as const;
    await broker.publish(roomId, encodeChange(roomId, ann, change));
    await reads.mark(roomId, 7, target, false);
    const [first] = await queue.claim(10, 1, LEASE_MS);
    await queue.settle(roomId, first?.messages[0] ?? target, { size: 10, maxAgeMs: LEASE_MS }, first);
    const [second] = await queue.claim(10, 10, LEASE_MS);
    expect(second?.messages).to.have.length(2);
    expect((await traces()).length).to.be.at.least(8);

    await directory.remove(roomId);
    await directory.settle(await directory.pending(0, 10));
    // An archiver has read messages before, and learns of the removal when it stores them.
    await queue.settle(roomId, second?.messages.at(-1) ?? target, { size: 10, maxAgeMs: LEASE_MS }, second);
    await reads.settle(await reads.unsettled(10));
    expect(await traces()).to.deep.equal([]);
    expect(await queue.backlog()).to.deep.equal({ bytes: 0, rooms: 0 });
  });
});
