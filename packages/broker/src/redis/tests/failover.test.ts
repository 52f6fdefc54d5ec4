import { type LocalServer, startRedis } from '@chorus/local';
import { RedisWatch, UnavailableError } from '@chorus/redis';
import { connectRedis, redisAt } from '@chorus/redis/testing';
import { closeAfterEach, ensureTestRedis, failure, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { Broker } from '../../broker.js';
import type { RoomFeedRegistry } from '../../feeds/room-feed-registry.js';
import { openFeeds } from '../../testing/feeds.js';
import { RedisProxy } from '../../testing/proxy.js';
import { type Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';
import { RedisBroker } from '../broker.js';
import { RedisRoomDirectory } from '../room-directory.js';

/** Time within which everything works after a failover, in milliseconds; a busy machine gets more. */
const HEALED_MS = 15_000;
const SYNC_AT_ONCE = ['--repl-diskless-sync-delay', '0'];

describe('a failover of Redis behind one address', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();
  let primary: LocalServer;
  let replica: LocalServer;
  let primaryAdmin: Redis;
  let replicaAdmin: Redis;
  let proxy: RedisProxy;
  let watch: RedisWatch;
  let broker: Broker;
  let feeds: RoomFeedRegistry;
  let heard: Recorder;
  let options: ReturnType<typeof testOptions>;
  let directory: RedisRoomDirectory;
  const roomId = someRoom();

  before(ensureTestRedis);

  const admin = (server: LocalServer): Redis => {
    const client = new Redis(server.url);
    closer().defer(() => client.disconnect());
    return client;
  };

  /** Whether a replica has all data of its primary. */
  const follows = async (server: Redis): Promise<boolean> =>
    /master_link_status:up/.test(await server.info('replication'));

  beforeEach(async () => {
    primary = closer().add(await startRedis({ args: SYNC_AT_ONCE }));
    replica = closer().add(
      await startRedis({ args: [...SYNC_AT_ONCE, '--replicaof', '127.0.0.1', String(primary.port)] }),
    );
    [primaryAdmin, replicaAdmin] = [admin(primary), admin(replica)];
    await until('the replica', () => follows(replicaAdmin));
    proxy = closer().add(await RedisProxy.start(primary.port));
    watch = new RedisWatch();
    options = {
      ...testOptions(redisAt(proxy.url, 1_000)),
      probeIntervalMs: 250,
      watch,
    };
    const fixture = closer().add(await makeRedisFixture(options));
    await fixture.directory().ensure(roomId, 0);
    await fixture.directory().markComplete();
    const archive = new TestRoomArchive();
    archive.add(roomId);
    closer().add(archive.lookAfter(fixture.directory()));
    ({ broker, feeds, heard } = await openFeeds(() => RedisBroker.connect(options), {
      log: silentLog,
    }));
    closer().add(feeds);
    await feeds.acquire(roomId);
    const quiet = await connectRedis(options.redis, 'quiet', watch);
    closer().defer(() => quiet.disconnect());
    directory = new RedisRoomDirectory(quiet, options.keyspace);
    await until('deliveries', () => watch.trouble() === undefined);
    // Data that is not replicated yet would be missing.
    await primaryAdmin.set('mark', '');
    expect(await primaryAdmin.wait(1, 5_000)).to.equal(1);
  });

  /** Promotes the replica, and demotes the primary to its replica. */
  const failOver = async (): Promise<void> => {
    await replicaAdmin.replicaof('NO', 'ONE');
    await primaryAdmin.replicaof('127.0.0.1', replica.port);
  };

  /** Number of the broker's connections to a server, without those of this test's admin and of replicas. */
  const connectionsOf = async (server: Redis): Promise<number> => {
    const list = String(await server.client('LIST'));
    return (list.match(/ name=(broker|broker-subscriber|quiet|test) /g) ?? []).length;
  };

  /** Whether the work succeeded; failed calls are retried. */
  const done = (work: Promise<unknown>): Promise<boolean> =>
    work.then(
      () => true,
      () => false,
    );

  const expectHealed = async (): Promise<void> => {
    await until('a message', () => done(broker.publish(roomId, '"a":1}')));
    await until('a change', () => done(directory.begin([roomId])));
    await until('the end of all trouble', () => watch.trouble() === undefined && broker.connected);
    await until('an end of the old connections', async () => (await connectionsOf(primaryAdmin)) === 0);
    await until('all connections', async () => (await connectionsOf(replicaAdmin)) === 4);
    const { seq } = await broker.publish(roomId, '"a":2}');
    await heard.until('the message', () => heard.seqs(roomId).includes(seq));
  };

  it('heals without traffic when the address moves after the failover', async () => {
    await failOver();
    await until('the trouble', () => watch.trouble() === 'refuses writes (READONLY)');
    expect(broker.connected).to.equal(false);
    expect(await failure(broker.publish(roomId, '"a":0}'))).to.be.instanceOf(UnavailableError);
    proxy.moveTo(replica.port);
    await expectHealed();
  });

  it('heals when the address moves before the failover', async () => {
    proxy.moveTo(replica.port);
    await failOver();
    await expectHealed();
  });

  it('is detected by the first message, which fails with a retryable error', async () => {
    proxy.moveTo(replica.port);
    await failOver();
    const error = await failure(broker.publish(roomId, '"a":0}'));
    expect(error).to.be.instanceOf(UnavailableError);
    // On a busy machine the check of the connection may come first, and has closed it.
    expect(String(error)).to.match(/READONLY|max retries/);
    await expectHealed();
  });

  it('heals again after a failover back', async () => {
    await failOver();
    proxy.moveTo(replica.port);
    await until('our connections', async () => (await connectionsOf(replicaAdmin)) === 4, HEALED_MS);
    await until('the former primary', () => follows(primaryAdmin));
    await primaryAdmin.replicaof('NO', 'ONE');
    await replicaAdmin.replicaof('127.0.0.1', primary.port);
    proxy.moveTo(primary.port);
    await until('our connections', async () => (await connectionsOf(primaryAdmin)) === 4, HEALED_MS);
    await until('the end of all trouble', () => watch.trouble() === undefined && broker.connected, HEALED_MS);
    // The promoted server is another incarnation: the room is compared with the archive before it accepts messages.
    await until('a message', () => done(broker.publish(roomId, '"a":2}')));
  });

  it('accepts a replica that accepts writes', async () => {
    await replicaAdmin.config('SET', 'replica-read-only', 'no');
    proxy.moveTo(replica.port);
    const client = await connectRedis(options.redis, 'other', watch);
    closer().defer(() => client.disconnect());
    expect(await client.set('key', 'value')).to.equal('OK');
    await until('the end of all trouble', () => watch.trouble() === undefined);
  });

  it('leaves no connection at the primary before, although that one goes on', async () => {
    await replicaAdmin.replicaof('NO', 'ONE');
    proxy.moveTo(replica.port);
    const client = await connectRedis(options.redis, 'test', watch);
    closer().defer(() => client.disconnect());
    await until('an end of the old connections', async () => (await connectionsOf(primaryAdmin)) === 1);
    await until('all connections', async () => (await connectionsOf(replicaAdmin)) === 4);
  });
});
