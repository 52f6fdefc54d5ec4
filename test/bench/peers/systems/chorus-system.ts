import { fileURLToPath } from 'node:url';
import { Tokens } from '@chorus/auth';
import { RedisRoomDirectory } from '@chorus/broker';
import { RedisAccessList } from '@chorus/control';
import { startRedis } from '@chorus/local';
import { createRedis, Keyspace, redisReady } from '@chorus/redis';
import { Closer, createLogger } from '@chorus/service';
import { startNode, startNodes } from './measured-node.js';
import type { RunningSystem, System } from './system.js';

const SECRET = 'a secret for benchmarks, long enough for anybody';
const GATEWAY_MAIN = fileURLToPath(new URL('main.js', import.meta.resolve('@chorus/gateway')));
/** Rooms that are created concurrently. */
const ROOMS_AT_ONCE = 500;

/**
 * Gateways as in production, except for limits on one address and one socket: the tool has one address. There is no
 * archiver, so Redis keeps all messages of a run.
 */
const SETTINGS = {
  // The flags of deploy/README.md.
  NODE_OPTIONS: '--max-semi-space-size=4',
  HOST: '127.0.0.1',
  PORT: '0',
  JWT_SECRET: SECRET,
  MAX_MESSAGES_PER_SECOND: '100000',
  MAX_CONNECTS_PER_SECOND: '1000000',
  MAX_CONNECTIONS_PER_ADDRESS: '1000000',
  MAX_CONNECTIONS_PER_USER: '1000000',
  DRAIN_DELAY_MS: '0',
  DRAIN_MS: '0',
};

export function chorusSystem(
  protocol: System['protocol'],
  name: string,
  title: string,
  settings: Readonly<Record<string, string>> = {},
): System {
  return {
    name,
    title,
    recovers: true,
    protocol,
    dialect: undefined,
    start: (nodes, rooms) => start(nodes, rooms, settings),
  };
}

async function start(
  count: number,
  rooms: number,
  settings: Readonly<Record<string, string>>,
): Promise<RunningSystem> {
  const closer = new Closer();
  try {
    const redis = closer.add(await startRedis());
    await createRooms(redis.url, rooms);
    const nodes = await startNodes(count, closer, (index) =>
      startNode(`gateway ${index}`, GATEWAY_MAIN, [], {
        ...SETTINGS,
        NODE_ID: `gateway-${index}`,
        REDIS_URL: redis.url,
        ...settings,
      }),
    );
    const tokens = new Tokens(SECRET);
    return {
      targets: nodes.map(({ port }) => `ws://127.0.0.1:${port}`),
      nodes,
      redis: { name: 'redis', pid: redis.pid, url: redis.url },
      identities: (users) =>
        Array.from({ length: users }, (_, index) => {
          const user = { id: index + 1, username: `user${index + 1}` };
          return { userId: user.id, username: user.username, token: tokens.sign(user) };
        }),
      close: () => closer.close(),
    };
  } catch (error) {
    await closer.close();
    throw error;
  }
}

/** Creates rooms as the API of a cluster does. */
async function createRooms(url: string, rooms: number): Promise<void> {
  const log = createLogger({ service: 'bench', level: 'warn' });
  const redis = createRedis({ urls: [url], cluster: false, commandTimeoutMs: 10_000 }, log, 'bench');
  try {
    await redisReady(redis, 5_000);
    const keyspace = new Keyspace('chorus');
    const directory = new RedisRoomDirectory(redis, keyspace);
    await new RedisAccessList(redis, keyspace).replaceBans([]);
    for (let first = 1; first <= rooms; first += ROOMS_AT_ONCE) {
      const ids = Array.from({ length: Math.min(ROOMS_AT_ONCE, rooms - first + 1) }, (_, at) => first + at);
      await Promise.all(ids.map((id) => directory.ensure(id, 0)));
    }
    await directory.markComplete();
  } finally {
    redis.disconnect();
  }
}
