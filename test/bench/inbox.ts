import { fileURLToPath } from 'node:url';
import { Tokens } from '@chorus/auth';
import { createDatabase, type Database, migrate } from '@chorus/database';
import { cpuMicros } from '@chorus/loadtest';
import { spawnGuarded, startPostgres, startRedis } from '@chorus/local';
import { Closer, createLogger } from '@chorus/service';
import { request } from '@chorus/testing';
import { openGatewayRedis } from '../support/servers/gateway-redis.js';
import { benchCommand } from './bench-command.js';

/*
 * `pnpm bench:inbox`: latency of `GET /api/inbox` and of one page of messages, for a user who is a member of 500 rooms, with ten million
 * messages stored. PostgreSQL does not wait for the disk, as in tests.
 */

const ROOMS = 2_000;
const OWN_ROOMS = 500;
const USER = { id: 1, username: 'ann' };
const EPOCH = 1_767_225_600_000;
const SECRET = 'the secret of the benchmark, long enough';
const API_MAIN = fileURLToPath(new URL('../../apps/api/dist/main.js', import.meta.url));
const REQUESTS = 500;
const WARM_UP = 100;

/** Fills the rooms one after the other, as if each had been written at another time. Every hundredth message is deleted. */
async function fill(db: Database, perRoom: number): Promise<void> {
  await db.$executeRaw`INSERT INTO users (id, username, email, email_key, password_hash) VALUES (1, 'ann', 'a', 'a', '')`;
  await db.$executeRaw`INSERT INTO rooms (id, name, kind) SELECT id, 'room', 'private' FROM generate_series(1, ${ROOMS}::int) id`;
  const step = Math.max(1, Math.floor(250_000 / perRoom));
  for (let from = 1; from <= ROOMS; from += step) {
    const to = Math.min(ROOMS, from + step - 1);
    await db.$executeRaw`
      INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at, deleted_at)
      SELECT room, ${EPOCH}::bigint, seq, 'gateway-1-mws3pfhy-' || seq, 2 + seq % 50, 'ben', 'a message of usual length, as people write it',
        timestamptz '2026-01-01' + (room * 7919 % 10000 + seq) * interval '1 minute',
        CASE WHEN seq % 100 = 0 THEN now() END
      FROM generate_series(${from}::int, ${to}::int) room, generate_series(1, ${perRoom}::int) seq`;
  }
  await db.$executeRaw`INSERT INTO room_heads (room_id, epoch, seq, n, sent_at)
    SELECT id, ${EPOCH}::bigint, ${perRoom}::int, ${perRoom}::int, timestamptz '2026-01-01' + (id * 7919 % 10000 + ${perRoom}::int) * interval '1 minute'
    FROM rooms`;
  await db.$executeRaw`INSERT INTO mentions (room_id, user_id, epoch, seq, n, sender_id)
    SELECT id, user_id, ${EPOCH}::bigint, seq, seq, 2 FROM rooms, generate_series(0, 20) user_id, generate_series(1, ${perRoom}::int, 100) seq`;
  await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role, read_epoch, read_seq, read_n)
    SELECT id, user_id, 'member', ${EPOCH}::bigint, greatest(0, ${perRoom}::int - id * 31 % 300), greatest(0, ${perRoom}::int - id * 31 % 300)
    FROM rooms, generate_series(1, 20) user_id WHERE user_id > 1 OR id % ${ROOMS / OWN_ROOMS}::int = 0`;
  await db.$executeRawUnsafe('VACUUM ANALYZE');
}

async function run(messages: number, closer: Closer): Promise<Array<Record<string, string | number>>> {
  const log = createLogger({ service: 'bench', level: 'warn' });
  const redisServer = closer.add(await startRedis());
  const postgres = closer.add(await startPostgres());
  await migrate(postgres.url, log);
  const db = createDatabase(postgres.url, { poolSize: 2, timeoutMs: 300_000 });
  closer.defer(() => db.$disconnect());
  const perRoom = Math.floor(messages / ROOMS);
  await fill(db, perRoom);
  const { createRooms } = closer.add(await openGatewayRedis(redisServer.url));
  await createRooms(Array.from({ length: ROOMS }, (_, index) => index + 1));
  const api = await spawnGuarded({
    name: 'api',
    command: process.execPath,
    args: [API_MAIN],
    env: {
      ...{ PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', JWT_SECRET: SECRET, LOG_LEVEL: 'info' },
      ...{ REDIS_URL: redisServer.url, DATABASE_URL: postgres.url },
    },
  });
  closer.defer(() => api.stop('SIGTERM', 10_000));
  const line = await api.ready((text) => text.includes('api is listening'), 30_000);
  const url = `http://127.0.0.1:${/"port":(\d+)/.exec(line)?.[1]}`;
  const token = new Tokens(SECRET).sign(USER);
  const get = async (path: string): Promise<void> => {
    const { status, body } = await request(url + path, { token });
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  };
  while ((await request(`${url}/api/inbox`, { token })).status === 503);
  const ids = Array.from({ length: OWN_ROOMS }, (_, at) => ((at + 1) * ROOMS) / OWN_ROOMS);
  const roomAt = (at: number): number => ids[at % ids.length] ?? 4;
  const paths: Record<string, (at: number) => string> = {
    'GET /api/inbox': () => '/api/inbox',
    'GET /api/inbox?limit=100': () => '/api/inbox?limit=100',
    'GET /api/inbox?roomId=': (at) => `/api/inbox?roomId=${roomAt(at)}`,
    'GET …/messages': (at) => `/api/rooms/${roomAt(at)}/messages`,
  };
  const table: Array<Record<string, string | number>> = [];
  for (const [name, path] of Object.entries(paths)) {
    const times: number[] = [];
    let cpu = 0;
    for (let at = -WARM_UP; at < REQUESTS; at++) {
      if (at === 0) cpu = cpuMicros(api.pid);
      const started = performance.now();
      await get(path(at + WARM_UP));
      if (at >= 0) times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    const percentile = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
    const micros = Math.round((cpuMicros(api.pid) - cpu) / REQUESTS);
    table.push({
      request: name,
      'p50 ms': percentile(0.5),
      'p99 ms': percentile(0.99),
      'API CPU µs': micros,
    });
  }
  return table;
}

const { messages = '10000000' } = benchCommand(
  'bench:inbox',
  'Measures the inbox of a user with 500 rooms, with many messages stored.',
)
  .option('--messages <number>', 'messages in the database')
  .parse()
  .opts<{ messages?: string }>();

const closer = new Closer();
try {
  console.table(await run(Number(messages), closer));
} finally {
  await closer.close();
}
