import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RedisArchiveQueue, RedisBroker } from '@chorus/broker';
import { createDatabase, migrate } from '@chorus/database';
import { cpuMicros } from '@chorus/loadtest';
import { spawnGuarded, startPostgres, startRedis } from '@chorus/local';
import { messageEncoder } from '@chorus/protocol';
import { Keyspace } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { Closer, createLogger } from '@chorus/service';
import { openGatewayRedis } from '../support/servers/gateway-redis.js';
import { benchCommand } from './bench-command.js';
import { cpuOfAll } from './cpu-of-all.js';
import { TEXT } from './gateway/load.js';

/*
 * `pnpm bench:archive`: how fast one archiver stores the backlog in Redis, and the cost of a message for each
 * process. PostgreSQL does not wait for the disk, as in tests.
 */

const MESSAGES = 100_000;
const AT_ONCE = 1_000;
const ARCHIVER_MAIN = fileURLToPath(new URL('../../apps/archiver/dist/main.js', import.meta.url));

async function run(rooms: number, closer: Closer): Promise<Record<string, string | number>> {
  const log = createLogger({ service: 'bench', level: 'warn' });
  const redisServer = closer.add(await startRedis());
  const postgres = closer.add(await startPostgres());
  await migrate(postgres.url, log);
  const db = createDatabase(postgres.url, { poolSize: 2, timeoutMs: 30_000 });
  closer.defer(() => db.$disconnect());
  const { redis, keyspace, createRooms } = closer.add(await openGatewayRedis(redisServer.url));
  const queue = new RedisArchiveQueue(redis, keyspace);
  await db.$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(1, ${rooms}::int) id`;
  await createRooms(Array.from({ length: rooms }, (_, index) => index + 1));

  const archiver = await spawnGuarded({
    name: 'archiver',
    command: process.execPath,
    args: [ARCHIVER_MAIN],
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      REDIS_URL: redisServer.url,
      DATABASE_URL: postgres.url,
      ARCHIVE_LEASE_MS: '60000',
    },
  });
  closer.defer(() => archiver.stop('SIGTERM', 10_000));
  await archiver.ready((text) => text.includes('archiver is listening'), 10_000);
  // Stopped until all messages wait.
  archiver.kill('SIGSTOP');
  await publish(rooms, redisServer.url, closer);

  const cpu = (): number[] => [archiver.pid, redisServer.pid].map(cpuMicros).concat(cpuOfAll(postgres.pid));
  const before = cpu();
  const started = performance.now();
  archiver.kill('SIGCONT');
  while ((await queue.backlog()).bytes > 0) await sleep(20);
  const seconds = (performance.now() - started) / 1_000;
  const spent = cpu().map((micros, index) => ((micros - (before[index] ?? 0)) / MESSAGES).toFixed(1));
  const stored = await db.message.count();
  if (stored !== MESSAGES) throw new Error(`${stored} of ${MESSAGES} messages are stored`);
  const [own = '', redisMicros = '', postgresMicros = ''] = spent;
  return {
    rooms,
    'messages/s': Math.round(MESSAGES / seconds),
    'archiver µs': own,
    'Redis µs': redisMicros,
    'PostgreSQL µs': postgresMicros,
  };
}

async function publish(rooms: number, url: string, closer: Closer): Promise<void> {
  const broker = await RedisBroker.connect({
    redis: redisAt(url, 10_000),
    keyspace: new Keyspace('chorus'),
    maxBacklogBytes: 2 ** 40,
    maxBatchWindowMs: 5,
    connectTimeoutMs: 5_000,
    log: createLogger({ service: 'bench', level: 'warn' }),
  });
  closer.add(broker);
  for (let first = 0; first < MESSAGES; first += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => {
        const roomId = ((first + index) % rooms) + 1;
        const encode = messageEncoder(roomId, { id: 7, username: 'ann' });
        const id = `gateway-1-mws3pfhy-${first + index}`;
        return broker.publish(roomId, encode({ content: TEXT, id, sentAt: Date.now() }));
      }),
    );
  }
}

benchCommand(
  'bench:archive',
  'Measures how fast one archiver stores messages, and what a message costs each process.',
).parse();

const table: Array<Record<string, string | number>> = [];
for (const rooms of [1, 100, 10_000]) {
  const closer = new Closer();
  try {
    table.push(await run(rooms, closer));
  } finally {
    await closer.close();
  }
}
console.table(table);
