import { freePort, type LocalServer, startRedis, startRedisCluster } from '@chorus/local';
import { partitionOf } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { Closer } from '@chorus/service';
import { ensureTestRedis, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import calculateSlot from 'cluster-key-slot';
import { Redis } from 'ioredis';
import { openFeeds } from '../../testing/feeds.js';
import { NewsLog } from '../../testing/news-log.js';
import { someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';
import { Traffic } from '../../testing/traffic.js';

const ROOMS = 8;

interface Member {
  server: LocalServer;
  redis: Redis;
  id: string;
}

/** Each test leaves a working cluster of another shape. */
describe('moves within a Redis Cluster', function () {
  this.timeout(60_000);
  let closer: Closer;
  let members: Member[];
  let fixture: RedisFixture;
  let nodes: Awaited<ReturnType<typeof openFeeds>>[];
  let rooms: number[];
  let traffic: Traffic;

  before(async () => {
    await ensureTestRedis();
    closer = new Closer();
    const cluster = closer.add(await startRedisCluster({ nodes: 3 }));
    members = await Promise.all(cluster.nodes.map(manage));

    // The first seed node is down: the connection is made through another one.
    const urls = [`redis://127.0.0.1:${await freePort()}`, ...cluster.urls];
    const redis = redisAt(urls, 1_000);
    fixture = closer.add(await makeRedisFixture(testOptions(redis)));
    rooms = Array.from({ length: ROOMS }, someRoom);
    await fixture.directory().markComplete();
    const archive = new TestRoomArchive();
    for (const roomId of rooms) {
      archive.add(roomId);
      await fixture.directory().ensure(roomId, 0);
    }
    closer.add(archive.lookAfter(fixture.directory()));
  });

  after(() => closer.close());

  beforeEach(async () => {
    const options = { lingerMs: 0, log: silentLog };
    nodes = [];
    for (let n = 0; n < 2; n++) nodes.push(await openFeeds(() => fixture.connect(), options));
    await Promise.all(nodes.flatMap(({ feeds }) => rooms.map((roomId) => feeds.acquire(roomId))));
    traffic = new Traffic(
      nodes.map(({ broker }) => broker),
      rooms,
    );
    traffic.start(5);
    await traffic.more(50);
  });

  afterEach(async () => {
    await traffic.stop();
    for (const { feeds } of nodes) await feeds.close();
  });

  const manage = async (server: LocalServer): Promise<Member> => {
    const redis = new Redis(server.url);
    redis.on('error', () => undefined);
    closer.defer(() => redis.disconnect());
    return { server, redis, id: String(await redis.cluster('MYID')) };
  };

  const slotOf = (roomId: number): number =>
    calculateSlot(fixture.options.keyspace.partition(partitionOf(roomId)));

  /** The owner of a slot, if all servers agree. */
  const ownerOf = async (slot: number): Promise<Member | undefined> => {
    const ids = new Set<string | undefined>();
    for (const { redis } of members) {
      const ranges = await redis.cluster('SLOTS');
      ids.add(ranges.find(([from, to]) => from <= slot && slot <= to)?.[2]?.[2]);
    }
    return ids.size === 1 ? members.find(({ id }) => ids.has(id)) : undefined;
  };

  const masterOf = async (roomId: number): Promise<Member> => {
    const owner = await ownerOf(slotOf(roomId));
    if (owner === undefined) throw new Error('the cluster does not agree');
    return owner;
  };

  /** Number of subscriptions to the rooms, over all servers. */
  const subscriptions = async (): Promise<number> => {
    let count = 0;
    for (const { redis } of members) {
      const channels = (await redis.call('PUBSUB', 'SHARDCHANNELS', '*room*')) as string[];
      const numbers = (await redis.call('PUBSUB', 'SHARDNUMSUB', ...channels)) as Array<string | number>;
      count += numbers.filter((_, index) => index % 2 === 1).reduce<number>((sum, n) => sum + Number(n), 0);
    }
    return count;
  };

  const expectExact = async (): Promise<void> => {
    await traffic.more(200);
    await traffic.stop();
    for (const { heard } of nodes) await traffic.check(heard);
    await until('one subscription a node and room', async () => (await subscriptions()) === 2 * ROOMS);
    for (const { feeds } of nodes) for (const roomId of rooms) feeds.release(roomId);
    await until('no subscription', async () => (await subscriptions()) === 0);
  };

  const knowsReplica = async (redis: Redis, replica: Member, master: Member): Promise<boolean> =>
    new RegExp(`^${replica.id} \\S+ \\S*slave ${master.id} `, 'm').test(String(await redis.cluster('NODES')));

  /** A server that replicates the given master. */
  const replicaOf = async (master: Member): Promise<Member> => {
    for (const member of members) {
      if (await knowsReplica(member.redis, member, master)) return member;
    }
    const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
    const bus = ['--cluster-port', String(await freePort())];
    const replica = await manage(closer.add(await startRedis({ args: [...settings, ...bus] })));
    const { redis } = replica;
    // Redis waits 5 s for further replicas before it copies.
    await master.redis.config('SET', 'repl-diskless-sync-delay', 0);
    const masterBus = /@(\d+)\S* myself/.exec(String(await master.redis.cluster('NODES')))?.[1] ?? '';
    const knows = async (one: Redis, id: string): Promise<boolean> =>
      String(await one.cluster('NODES')).includes(id);
    await redis.call('CLUSTER', 'MEET', '127.0.0.1', master.server.port, masterBus);
    await until('the acquaintance', () => knows(redis, master.id));
    await redis.call('CLUSTER', 'REPLICATE', master.id);
    await until('the copy', async () => (await redis.info('replication')).includes('link_status:up'));
    for (const other of members) {
      await until('all to know', () => knowsReplica(other.redis, replica, master));
    }
    members.push(replica);
    return replica;
  };

  it('are followed when a slot migrates', async () => {
    const [followed = 0] = rooms;
    await fixture.directory().setSize(followed, 'small');
    const news = new NewsLog();
    const watching = await fixture.connect(news.listener);
    await watching.watchActivity();
    await until('news before the move', () => news.events.length > 0);
    const slot = slotOf(rooms[0] ?? 0);
    const from = await masterOf(rooms[0] ?? 0);
    const to = members.find(({ id }) => id !== from.id) ?? from;
    await to.redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
    await from.redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
    for (;;) {
      const keys = (await from.redis.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
      if (keys.length === 0) break;
      await from.redis.call('MIGRATE', '127.0.0.1', to.server.port, '', 0, 5_000, 'KEYS', ...keys);
    }
    for (const { redis } of [to, from]) await redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
    await until('the new owner', async () => (await ownerOf(slot)) === to);
    await expectExact();
    news.expectGapsOnlyWhereMissed();
    expect(news.missed).to.equal(1);
    expect(news.events.at(-1)).not.to.equal('missed');
  });

  it('are followed when a replica takes over from a master that stays', async () => {
    const [roomId = 0] = rooms;
    const master = await masterOf(roomId);
    const replica = await replicaOf(master);
    await replica.redis.call('CLUSTER', 'FAILOVER');
    await until('the new master', async () => (await ownerOf(slotOf(roomId))) === replica);
    await expectExact();
  });

  it('are followed when a replica takes over from a master that died', async () => {
    const [roomId = 0] = rooms;
    const master = await masterOf(roomId);
    const replica = await replicaOf(master);
    // Writes that a master has acknowledged and not replicated yet would be lost with it.
    await traffic.stop();
    await until('the copy', async () => (await master.redis.wait(1, 1_000)) === 1);
    const before = nodes.map(({ feeds }) => feeds.position(roomId)?.epoch ?? 0);
    traffic.start(5);
    master.server.kill('SIGKILL');
    await master.server.exited;
    members = members.filter((member) => member !== master);
    await until('the new master', async () => (await ownerOf(slotOf(roomId))) === replica, 20_000);
    await until('messages of the new master', () =>
      nodes.every(({ feeds }, index) => (feeds.position(roomId)?.epoch ?? 0) > (before[index] ?? 0)),
    );
    await expectExact();
  });
});
