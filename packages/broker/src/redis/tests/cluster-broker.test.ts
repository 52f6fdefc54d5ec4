import { addRedisUser, type LocalRedisCluster, startRedisCluster } from '@chorus/local';
import { PARTITIONS, partitionOf, RedisSubscriber, RedisWatch } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, ensureTestRedis, patiently, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Recorder, someRoom } from '../../testing/recorder.js';
import {
  makeClusterFixture,
  makeRedisFixture,
  type RedisFixture,
  testOptions,
} from '../../testing/redis-fixture.js';

const PASSWORD = 'p@ss:word/';

/** A real cluster refuses every script that touches more than one slot. */
describe('over a Redis Cluster', () => {
  let cluster: LocalRedisCluster;
  let users: string[];
  const closer = closeAfterEach();

  before(async function () {
    this.timeout(60_000);
    await ensureTestRedis();
    cluster = await startRedisCluster();
    users = await addRedisUser(cluster.urls, 'test-*');
  });

  after(() => cluster.close());

  const makeFixture = (): Promise<RedisFixture> => makeClusterFixture(users, {});

  it('claims rooms of every partition, however many wait in one', async () => {
    const fixture = closer().add(await makeFixture());
    const broker = await fixture.connect(new Recorder());
    const first = someRoom();
    const partitions = [0, 1, 5, 40];
    for (let n = 0; n < 6; n++) {
      for (const partition of partitions) {
        const roomId = first + partition + n * PARTITIONS;
        await fixture.directory().ensure(roomId, 0);
        await broker.publish(roomId, '"a":1}');
      }
    }
    const queue = fixture.queue();
    for (let round = 0; round < 6; round++) {
      const claimed = await queue.claim(partitions.length, 10, 60_000);
      const from = claimed.map(({ roomId }) => partitionOf(roomId));
      expect(new Set(from).size, `round ${round}`).to.equal(partitions.length);
    }
    expect(await queue.claim(partitions.length, 10, 60_000)).to.deep.equal([]);
  });

  it('archives the rooms of the other servers while one is silent', async () => {
    const redis = redisAt(cluster.urls, patiently(500));
    const fixture = closer().add(await makeRedisFixture(testOptions(redis)));
    const broker = await fixture.connect(new Recorder());
    const rooms = Array.from({ length: PARTITIONS }, someRoom);
    for (const roomId of rooms) {
      await fixture.directory().ensure(roomId, 0);
      await broker.publish(roomId, '"a":1}');
    }
    const queue = fixture.queue();
    const [silent] = cluster.nodes;
    silent?.kill('SIGSTOP');
    const claimed = await queue
      .claim(PARTITIONS, 10, patiently(2_000))
      .finally(() => silent?.kill('SIGCONT'));
    // A third of the rooms is on the silent server.
    expect(claimed.length).to.be.within(PARTITIONS / 4, PARTITIONS - 1);
    for (const { roomId, messages } of claimed) {
      expect(messages).to.have.length(1);
      await queue.settle(roomId, messages[0] ?? { epoch: 0, seq: 0 }, { size: 0, maxAgeMs: 0 });
    }
    // The silent server may have handed out the other rooms when it resumed; they are claimed again.
    await until('the rest', async () => {
      claimed.push(...(await queue.claim(PARTITIONS, 10, 60_000).catch(() => [])));
      return claimed.length === PARTITIONS;
    });
    expect(claimed.map(({ roomId }) => roomId)).to.have.members(rooms);
  });

  it('reports at once that a server does not serve a channel', async () => {
    const none = {
      purpose: 'test',
      onMessage: () => undefined,
      onResumed: () => undefined,
      watch: new RedisWatch(),
    };
    const subscribers = cluster.urls.map(
      (url) =>
        new RedisSubscriber({
          ...none,
          server: { urls: [url] },
          sharded: true,
          timeoutMs: 6_000,
          log: silentLog,
        }),
    );
    for (const subscriber of subscribers) closer().defer(() => subscriber.close());
    const results = await Promise.all(
      subscribers.map((subscriber) => subscriber.subscribe('channel').then(() => 'subscribed', String)),
    );
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

    it('uses the password of the first URL for every server', async () => {
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
