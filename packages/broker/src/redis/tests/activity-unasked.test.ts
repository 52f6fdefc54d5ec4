import { addRedisUser } from '@chorus/local';
import { messageEncoder } from '@chorus/protocol';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import { Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, testOptions } from '../../testing/redis-fixture.js';

describe('news of rooms, for a Redis user who may not count subscribers', () => {
  const closer = closeAfterEach();

  it('arrive nevertheless', async () => {
    const urls = await addRedisUser([(await testRedis()).url], 'test-*', ['pubsub|numsub']);
    const fixture = closer().add(await makeRedisFixture(testOptions(redisAt(urls))));
    const recorder = new Recorder();
    const broker = await fixture.connect(recorder);
    const roomId = someRoom();
    await fixture.directory().markComplete();
    await fixture.directory().ensure(roomId, 0, 1, 'direct', 'small');
    await broker.watchActivity();
    const encode = messageEncoder(roomId, { id: 3, username: 'ann' });
    await broker.publish(roomId, encode({ content: '', id: 'x', sentAt: 1 }));
    await recorder.until('the news', () => recorder.activities.some(({ kind }) => kind === 'messages'));
    expect(recorder.activities.at(-1)).to.include({ roomId, kind: 'messages' });
  });
});
