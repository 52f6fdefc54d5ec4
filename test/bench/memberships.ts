import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RedisMembershipList } from '@chorus/control';
import { createDatabase, migrate } from '@chorus/database';
import { spawnGuarded, startPostgres, startRedis } from '@chorus/local';
import { createRedis, Keyspace, redisReady } from '@chorus/redis';
import { Closer, createLogger } from '@chorus/service';
import { benchCommand } from './bench-command.js';

/*
 * `pnpm bench:memberships`: how long private rooms have to wait after Redis has lost everything, and the bytes of a membership
 * in Redis. One API restores the rooms at the same time. PostgreSQL does not wait for the disk, as in tests.
 */

const ROOMS = 100_000;
const MEMBERS = 10;
const USERS = 100_000;
const FILLED_AT_ONCE = 5_000;
const SAMPLE = 500;
const API_MAIN = fileURLToPath(new URL('../../apps/api/dist/main.js', import.meta.url));

async function run(closer: Closer): Promise<Record<string, string | number>> {
  const log = createLogger({ service: 'bench', level: 'warn' });
  const redisServer = closer.add(await startRedis());
  const postgres = closer.add(await startPostgres());
  await migrate(postgres.url, log);
  const db = createDatabase(postgres.url, { poolSize: 2, timeoutMs: 60_000 });
  closer.defer(() => db.$disconnect());
  for (let from = 1; from <= ROOMS; from += FILLED_AT_ONCE) {
    const to = from + FILLED_AT_ONCE - 1;
    await db.$executeRaw`INSERT INTO rooms (id, name, kind) SELECT id, 'room', 'private' FROM generate_series(${from}::int, ${to}::int) id`;
    // Each user is in ten rooms that are far apart.
    await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role)
      SELECT room, 1 + (room + member * 9973) % ${USERS}::int, 'member'
      FROM generate_series(${from}::int, ${to}::int) room, generate_series(1, ${MEMBERS}::int) member`;
  }
  await db.$executeRaw`ANALYZE`;

  const config = { urls: [redisServer.url], cluster: false, commandTimeoutMs: 10_000 };
  const redis = createRedis(config, log, 'bench');
  closer.defer(() => redis.disconnect());
  await redisReady(redis, 5_000);
  const list = new RedisMembershipList(redis, new Keyspace('chorus'));
  const api = await spawnGuarded({
    name: 'api',
    command: process.execPath,
    args: [API_MAIN],
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      JWT_SECRET: 'the secret of the benchmark, long enough',
      REDIS_URL: redisServer.url,
      DATABASE_URL: postgres.url,
    },
  });
  closer.defer(() => api.stop('SIGTERM', 10_000));
  const complete = async (): Promise<void> => {
    while (!(await list.isComplete())) await sleep(10);
  };
  await complete();
  const bytes: number[] = [];
  for (let user = 1; user <= SAMPLE; user++) {
    const key = new Keyspace('chorus').partition(0);
    const [size, held] = await Promise.all([
      redis.call('MEMORY', 'USAGE', `${key}:control:m:${user}`),
      list.ofUser(user),
    ]);
    bytes.push(Number(size) / held.size);
  }
  await redis.call('FLUSHALL');
  const began = performance.now();
  await complete();
  return {
    rooms: ROOMS,
    memberships: ROOMS * MEMBERS,
    'seconds until complete': ((performance.now() - began) / 1_000).toFixed(1),
    'bytes each': Math.round(bytes.reduce((sum, each) => sum + each, 0) / SAMPLE),
  };
}

benchCommand(
  'bench:memberships',
  'Measures how long one API takes to restore a million memberships to an empty Redis, and their size there.',
).parse();

const closer = new Closer();
try {
  console.table([await run(closer)]);
} finally {
  await closer.close();
}
