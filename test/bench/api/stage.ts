import { join } from 'node:path';
import { createDatabase, type Database, migrate } from '@chorus/database';
import { type GuardedProcess, spawnGuarded, startPostgres, startRedis } from '@chorus/local';
import { type Closer, createLogger } from '@chorus/service';
import { request } from '@chorus/testing';
import { root } from '../../support/root.js';
import { type GatewayRedis, openGatewayRedis } from '../../support/servers/gateway-redis.js';

const ROOMS = 2_000;
const OWN_ROOMS = 500;
const EPOCH = 1_767_225_600_000;
const SECRET = 'the secret of the benchmark, long enough';

/** The user who sends the requests: a member of 500 rooms. */
export const USER = { id: 1, username: 'ann' };
/** The rooms of {@link USER}, all private. */
export const OWN_ROOM_IDS = Array.from({ length: OWN_ROOMS }, (_, at) => ((at + 1) * ROOMS) / OWN_ROOMS);

/** Redis and PostgreSQL with stored messages, and a token of {@link USER}. PostgreSQL does not wait for the disk, as in tests. */
export interface ApiStage {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly postgresPid: number;
  readonly redisPid: number;
  readonly prepared: GatewayRedis;
  readonly secret: string;
}

/** An API process over a stage. */
export interface MeasuredApi {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
}

/** Starts the stores and fills them. @param messages number of stored messages, over {@link ROOMS} rooms */
export async function openStage(messages: number, closer: Closer): Promise<ApiStage> {
  const redisServer = closer.add(await startRedis());
  const postgres = closer.add(await startPostgres());
  await migrate(postgres.url, createLogger({ service: 'bench', level: 'warn' }));
  const db = createDatabase(postgres.url, { poolSize: 2, timeoutMs: 300_000 });
  await fill(db, Math.floor(messages / ROOMS));
  await db.$disconnect();
  const prepared = closer.add(await openGatewayRedis(redisServer.url));
  await prepared.createRooms(Array.from({ length: ROOMS }, (_, index) => index + 1));
  return {
    redisUrl: redisServer.url,
    databaseUrl: postgres.url,
    postgresPid: postgres.pid,
    redisPid: redisServer.pid,
    prepared,
    secret: SECRET,
  };
}

/**
 * Starts an API and waits until it answers inboxes.
 * @param checkout folder of a built checkout
 * @param token token of {@link USER}
 */
export async function startApi(
  { redisUrl, databaseUrl, secret }: ApiStage,
  token: string,
  closer: Closer,
  checkout = root,
  flags: readonly string[] = [],
): Promise<MeasuredApi> {
  const api = await spawnGuarded({
    name: 'api',
    command: process.execPath,
    args: [...flags, join(checkout, 'apps/api/dist/main.js')],
    env: {
      ...{ PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', JWT_SECRET: secret, LOG_LEVEL: 'info' },
      ...{ REDIS_URL: redisUrl, DATABASE_URL: databaseUrl, DRAIN_DELAY_MS: '0' },
    },
  });
  closer.defer(() => api.stop('SIGTERM', 10_000));
  const port = await portOf(api, 'api is listening');
  const url = `http://127.0.0.1:${port}`;
  while ((await request(`${url}/api/inbox`, { token })).status === 503);
  return { pid: api.pid, port, url };
}

/** Waits until a server logs that it listens, and returns the port. */
export async function portOf(server: GuardedProcess, message: string): Promise<number> {
  const line = await server.ready((text) => text.includes(message), 30_000);
  return (JSON.parse(line) as { port: number }).port;
}

/** Fills the rooms one after the other, as if each had been written at another time. Every hundredth message is deleted, but not the newest one. */
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
        CASE WHEN seq % 100 = 50 THEN now() END
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
