import { RedisBroker, RedisRoomDirectory } from '@chorus/broker';
import type { Database } from '@chorus/database';
import { startRedisCluster } from '@chorus/local';
import { Keyspace } from '@chorus/redis';
import { openRedisKeys, testKeyspace } from '@chorus/redis/testing';
import { Closer, Metrics } from '@chorus/service';
import { ensureTestRedis, silentLog, testRedis, until } from '@chorus/testing';
import { expect } from 'chai';
import { loadArchiverConfig } from './config.js';
import { createArchiver } from './create-archiver.js';
import { createRedisParts } from './redis-parts.js';
import { body, openDatabase } from './testing/database.js';

/** More than there are partitions, so that some share one. */
const ROOMS = 80;
const MESSAGES = 12;

describe('archivers over Redis', function () {
  this.timeout(60_000);
  let db: Database;
  const closer = new Closer();
  before(async () => {
    ({ db } = await openDatabase());
    closer.defer(() => db.$disconnect());
  });
  after(() => closer.close());

  const servers: Array<[string, () => Promise<{ REDIS_URL: string; BROKER_SHARDED: string }>]> = [
    ['one server', async () => ({ REDIS_URL: (await testRedis()).url, BROKER_SHARDED: 'false' })],
    [
      'a Redis Cluster',
      async () => {
        await ensureTestRedis();
        const cluster = closer.add(await startRedisCluster());
        return { REDIS_URL: cluster.urls.join(','), BROKER_SHARDED: 'true' };
      },
    ],
  ];
  for (const [name, start] of servers) {
    it(`store all messages of many rooms, two archivers together: ${name}`, async () => {
      await db.$executeRaw`TRUNCATE rooms CASCADE`;
      await db.$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(1, ${ROOMS}::int) id`;
      const config = loadArchiverConfig({
        ...(await start()),
        HOST: '127.0.0.1',
        PORT: '0',
        DATABASE_URL: 'postgresql://unused',
        REDIS_PREFIX: testKeyspace().prefix,
        ARCHIVE_INTERVAL_MS: '5',
        ARCHIVE_BATCH_MESSAGES: '50',
        HISTORY_SIZE: '2',
      });
      const parts = closer.add(await createRedisParts(config, silentLog));
      for (let replica = 0; replica < 2; replica++) {
        closer.add(await createArchiver(config, { db, metrics: new Metrics(), log: silentLog, ...parts }));
      }
      await publish(config);
      await until(async () => (await parts.queue.backlog()).bytes === 0);
      const rows = await db.message.findMany({
        orderBy: [{ roomId: 'asc' }, { epoch: 'asc' }, { seq: 'asc' }],
      });
      expect(rows).to.have.length(ROOMS * MESSAGES);
      for (const [index, row] of rows.entries()) {
        const seq = (index % MESSAGES) + 1;
        expect([Number(row.roomId), Number(row.seq), row.content]).to.deep.equal([
          Math.floor(index / MESSAGES) + 1,
          seq,
          `m${seq}`,
        ]);
      }
    });
  }

  /** Publishes like a gateway, in rooms that the API has mirrored. */
  async function publish(config: ReturnType<typeof loadArchiverConfig>): Promise<void> {
    const keyspace = new Keyspace(config.redisPrefix);
    const { redis } = closer.add(await openRedisKeys(config.redis, keyspace));
    const directory = new RedisRoomDirectory(redis, keyspace);
    const rooms = Array.from({ length: ROOMS }, (_, index) => index + 1);
    await Promise.all(rooms.map((room) => directory.ensure(room, 0)));
    await directory.markComplete();
    const broker = await RedisBroker.connect({
      redis: config.redis,
      keyspace,
      maxBacklogBytes: 1e9,
      maxBatchWindowMs: 5,
      connectTimeoutMs: 5_000,
      log: silentLog,
    });
    closer.add(broker);
    for (let seq = 1; seq <= MESSAGES; seq++) {
      await Promise.all(rooms.map((room) => broker.publish(room, body(room, `m${seq}`))));
    }
  }
});
