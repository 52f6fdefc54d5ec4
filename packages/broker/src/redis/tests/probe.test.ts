import { type LocalServer, startRedis, startRedisCluster } from '@chorus/local';
import { PARTITIONS, UnavailableError } from '@chorus/redis';
import { closeAfterEach, ensureTestRedis, failure, patiently, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { Broker } from '../../broker.js';
import type { RoomFeedRegistry } from '../../feeds/room-feed-registry.js';
import { openFeeds } from '../../testing/feeds.js';
import { RedisProxy } from '../../testing/proxy.js';
import { type Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { Traffic } from '../../testing/traffic.js';

const TIMEOUT_MS = patiently(600);
const INTERVAL_MS = 200;

describe('the delivery probe over Redis', function () {
  this.timeout(20_000);
  const closer = closeAfterEach();
  let server: LocalServer;
  let fixture: RedisFixture;
  let broker: Broker;
  let feeds: RoomFeedRegistry;
  let heard: Recorder;
  let roomId: number;
  /** Room without traffic. */
  let spare: number;

  before(ensureTestRedis);

  const open = async (redis: { urls: readonly string[]; cluster: boolean }): Promise<void> => {
    const options = testOptions({ ...redis, commandTimeoutMs: TIMEOUT_MS });
    fixture = closer().add(await makeRedisFixture({ ...options, probeIntervalMs: INTERVAL_MS }));
    await fixture.directory().markComplete();
    [roomId, spare] = [someRoom(), someRoom()];
    for (const id of [roomId, spare]) await fixture.directory().ensure(id, 0);
    const opened = await openFeeds(() => fixture.connect(), { log: silentLog });
    ({ broker, feeds, heard } = opened);
    closer().add(feeds);
    for (const id of [roomId, spare]) await feeds.acquire(id);
  };

  const noticed = (): Promise<void> => until('the silence to be noticed', () => !broker.connected);

  const expectHealed = async (): Promise<void> => {
    await until('delivery', () => broker.connected);
    let last = { epoch: 0, seq: 0 };
    await until('a publish', async () => {
      last = await broker.publish(spare, '"last":1}').catch(() => last);
      return last.seq > 0;
    });
    await heard.until('the last message', () => heard.seqs(spare).includes(last.seq));
    await until('the end of all repairs', () => feeds.stats.behind === 0);
  };

  it('reports deliveries with a working Redis, however long no message is published', async () => {
    server = closer().add(await startRedis());
    await open({ urls: [server.url], cluster: false });
    const begun = performance.now();
    while (performance.now() - begun < TIMEOUT_MS + 3 * INTERVAL_MS) {
      expect(broker.connected).to.equal(true);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  it('detects a frozen Redis, and recovers with it', async () => {
    server = closer().add(await startRedis());
    await open({ urls: [server.url], cluster: false });
    for (let round = 0; round < 2; round++) {
      server.kill('SIGSTOP');
      await noticed();
      // Long enough for everything that is tried meanwhile to fail as well.
      const pause = new Promise((resolve) => setTimeout(resolve, 2 * TIMEOUT_MS));
      await pause;
      expect(await failure(broker.publish(spare, '"a":1}'))).to.be.instanceOf(UnavailableError);
      server.kill('SIGCONT');
      await expectHealed();
    }
  });

  it('detects a connection that delivers nothing although commands are answered', async () => {
    server = closer().add(await startRedis());
    const proxy = closer().add(await RedisProxy.start(server.port));
    await open({ urls: [proxy.url], cluster: false });
    expect(proxy.subscribers).to.equal(1);
    const traffic = new Traffic([broker], [roomId]);
    // Rarely: a message published together with another reply would be delivered along with it.
    traffic.start(50);
    await traffic.more(5);
    const before = heard.messages.length;
    proxy.mute();
    await noticed();
    expect(heard.messages.length - before).to.be.below(5);
    await expectHealed();
    await traffic.stop();
    expect(traffic.failed, 'messages were accepted all the time').to.equal(0);
    await traffic.check(heard);
  });

  describe('in a Redis Cluster', () => {
    it('probes every server, and reports the one that does not deliver', async function () {
      this.timeout(40_000);
      const cluster = closer().add(await startRedisCluster());
      await open({ urls: cluster.urls, cluster: true });
      let channels = 0;
      for (const url of cluster.urls) {
        const admin = new Redis(url);
        channels += ((await admin.call('PUBSUB', 'SHARDCHANNELS', '*:probe')) as string[]).length;
        admin.disconnect();
      }
      expect(channels).to.equal(PARTITIONS);
      const [first] = cluster.nodes;
      first?.kill('SIGSTOP');
      await noticed();
      first?.kill('SIGCONT');
      await until('delivery', () => broker.connected, 10_000);
      await expectHealed();
    });
  });
});
