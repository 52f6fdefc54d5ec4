import { type LocalServer, startRedis } from '@chorus/local';
import { messageEncoder } from '@chorus/protocol';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, ensureTestRedis, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { Broker } from '../../broker.js';
import { NewsLog } from '../../testing/news-log.js';
import { someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, testOptions } from '../../testing/redis-fixture.js';

describe('news of rooms, when the connection to Redis is interrupted', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();
  let server: LocalServer;
  let watching: Broker;
  let other: Broker;
  let roomId: number;
  let news: NewsLog;
  /** Number of interruptions that have ended. */
  let resumed: number;

  before(ensureTestRedis);
  beforeEach(async () => {
    server = closer().add(await startRedis());
    const fixture = closer().add(await makeRedisFixture(testOptions(redisAt(server.url, 600))));
    roomId = someRoom();
    const directory = fixture.directory();
    await directory.markComplete();
    await directory.ensure(roomId, 0, 1, 'direct', 'small');
    news = new NewsLog();
    resumed = 0;
    watching = await fixture.connect({ ...news.listener, onResumed: () => void resumed++ });
    other = await fixture.connect();
  });

  const publish = () =>
    other.publish(
      roomId,
      messageEncoder(roomId, { id: 3, username: 'ann' })({ content: '', id: '', sentAt: 0 }),
    );
  it('are reported as possibly missing before the next news arrive', async () => {
    await watching.watchActivity();
    await publish();
    await until('the first news', () => news.events.length === 1);
    const admin = new Redis(server.url);
    closer().defer(() => admin.disconnect());
    for (let round = 0; round < 5; round++) {
      await admin.client('KILL', 'TYPE', 'pubsub');
      // Some are published while no connection receives, others while the subscriptions are made again.
      const before = news.missed;
      await until('the next news', async () => {
        await publish();
        return news.missed > before && news.events.at(-1) !== 'missed';
      });
    }
    news.expectGapsOnlyWhereMissed();
  });

  it('are not reported as missing to a node that does not watch', async () => {
    const admin = new Redis(server.url);
    closer().defer(() => admin.disconnect());
    await admin.client('KILL', 'TYPE', 'pubsub');
    await until('the end of the interruption', () => resumed > 0 && watching.connected);
    await watching.watchActivity();
    await publish();
    await until('the news', () => news.events.length > 0);
    expect(news.missed).to.equal(0);
  });
});
