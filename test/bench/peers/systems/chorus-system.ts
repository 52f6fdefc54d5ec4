import { fileURLToPath } from 'node:url';
import { Tokens } from '@chorus/auth';
import { startRedis } from '@chorus/local';
import { Closer } from '@chorus/service';
import { openGatewayRedis } from '../../../support/servers/gateway-redis.js';
import { startNode, startNodes } from './measured-node.js';
import type { RunningSystem, System } from './system.js';

const SECRET = 'a secret for benchmarks, long enough for anybody';
const GATEWAY_MAIN = fileURLToPath(new URL('main.js', import.meta.resolve('@chorus/gateway')));

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

/** What differs from the gateways of this checkout. */
export interface ChorusVariant {
  readonly settings?: Readonly<Record<string, string>>;
  /** Compiled program of another checkout. */
  readonly main?: string;
}

export function chorusSystem(
  protocol: System['protocol'],
  name: string,
  title: string,
  { settings = {}, main = GATEWAY_MAIN }: ChorusVariant = {},
): System {
  return {
    name,
    title,
    recovers: true,
    protocol,
    dialect: undefined,
    start: (nodes, rooms) => start(nodes, rooms, { settings, main }),
  };
}

async function start(
  count: number,
  rooms: number,
  { settings, main }: Required<ChorusVariant>,
): Promise<RunningSystem> {
  const closer = new Closer();
  try {
    const redis = closer.add(await startRedis());
    const { createRooms, close } = await openGatewayRedis(redis.url);
    await createRooms(Array.from({ length: rooms }, (_, index) => index + 1)).finally(close);
    const nodes = await startNodes(count, closer, (index) =>
      startNode(`gateway ${index}`, main, [], {
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
