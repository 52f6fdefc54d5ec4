import { ensureTestRedis, type LocalRedisCluster, startRedisCluster } from '@chorus/local';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import {
  describeBroker,
  describePublishing,
  describeRoomDirectory,
  type MakeBrokerFixture,
} from './broker-conformance.js';
import { Recorder, someRoom } from './conformance-recorder.js';
import { PARTITIONS } from './keys.js';
import { RedisSubscriber } from './redis-subscriber.js';
import { closeAfterEach } from './test-feeds.js';
import { makeRedisFixture, testLog, testOptions } from './test-redis-fixture.js';

const PASSWORD = 'p@ss:word/';

/** A real cluster refuses every script that touches more than one slot. */
describe('over a Redis Cluster', () => {
  let cluster: LocalRedisCluster;
  const closer = closeAfterEach();

  before(async function () {
    this.timeout(60_000);
    await ensureTestRedis();
    cluster = await startRedisCluster();
  });

  after(() => cluster.close());

  const makeFixture: MakeBrokerFixture = ({ maxBacklogBytes = 1e9 }) => {
    const redis = { urls: cluster.urls, cluster: true, commandTimeoutMs: 3_000 };
    return makeRedisFixture(testOptions(redis, maxBacklogBytes * PARTITIONS));
  };

  describeBroker('Redis Cluster', makeFixture);
  describePublishing('Redis Cluster', makeFixture);
  describeRoomDirectory('Redis Cluster', makeFixture);

  it('says at once that a server does not serve a channel', async () => {
    const none = { onMessage: () => undefined, onResumed: () => undefined };
    const subscribers = cluster.urls.map(
      (url) => new RedisSubscriber({ ...none, url, sharded: true, timeoutMs: 2_000, log: testLog }),
    );
    for (const subscriber of subscribers) closer().defer(() => subscriber.close());
    const begun = performance.now();
    const results = await Promise.all(
      subscribers.map((subscriber) => subscriber.subscribe('channel').then(() => 'subscribed', String)),
    );
    expect(performance.now() - begun).to.be.below(1_500);
    expect(results.filter((result) => result === 'subscribed')).to.have.length(1);
    expect(results.filter((result) => result.startsWith('SlotMovedError'))).to.have.length(2);
  });

  describe('with a password', () => {
    const changePassword = async (from: string, to: string): Promise<void> => {
      for (const url of cluster.urls) {
        const redis = new Redis(url, { password: from });
        await redis.config('SET', 'requirepass', to);
        redis.disconnect();
      }
    };

    before(() => changePassword('', PASSWORD));
    after(() => changePassword(PASSWORD, ''));

    it('uses the one of the first seed for every server', async () => {
      const urls = cluster.urls.map((url) => url.replace('//', `//:${encodeURIComponent(PASSWORD)}@`));
      const redis = { urls: urls.slice(0, 1), cluster: true, commandTimeoutMs: 3_000 };
      const fixture = closer().add(await makeRedisFixture(testOptions(redis)));
      const heard = new Recorder();
      const broker = await fixture.connect(heard);
      // One in each partition.
      const rooms = Array.from({ length: PARTITIONS }, someRoom);
      for (const roomId of rooms) {
        await fixture.directory().ensure(roomId, 0);
        await broker.subscribe(roomId);
        await broker.publish(roomId, '"a":1}');
      }
      await heard.until('all messages', () => heard.messages.length === rooms.length);
    });
  });
});
