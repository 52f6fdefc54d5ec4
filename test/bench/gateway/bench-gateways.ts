import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Tokens } from '@chorus/auth';
import { spawnGuarded, startRedis } from '@chorus/local';
import type { Member } from '@chorus/protocol';
import { type Closeable, Closer } from '@chorus/service';
import WebSocket from 'ws';
import { root } from '../../support/root.js';
import { type GatewayRedis, openGatewayRedis } from '../../support/servers/gateway-redis.js';

export const BENCH_SECRET = 'a secret for benchmarks, long enough for anybody';
const BARE_SERVER = fileURLToPath(new URL('bare-server.ts', import.meta.url));
const GATEWAY_MAIN = join(root, 'apps/gateway/dist/main.js');

/** The flags of `deploy/README.md`. */
const GATEWAY_FLAGS = ['--max-semi-space-size=4'];

/** Ample for collecting a heap of some tens of megabytes, in milliseconds. */
const COLLECT_MS = 2_000;

/** Lets a measurement of memory begin without garbage, which would otherwise be half of the result. */
const COLLECT_ON_SIGNAL = 'data:text/javascript,process.on("SIGUSR2",()=>{gc();gc()})';

/** A server process that is measured. */
export interface BenchServer {
  readonly pid: number;
  readonly port: number;
  /** Opens one plain socket; resolves when it is in the room. */
  join(roomId: number, member: Member): Promise<WebSocket>;
}

/** A gateway that is measured. */
export interface BenchGateway extends BenchServer {
  /** Secret of the tokens that it accepts. */
  readonly secret: string;
  /** Makes the process collect its garbage, and resolves when that is done. */
  collectGarbage(): Promise<void>;
}

/** Real gateway processes over a Redis of their own; rooms and tokens are created without an API. */
export interface BenchGateways extends Closeable {
  readonly gateways: readonly BenchGateway[];
  readonly redisPid: number;
  readonly redisUrl: string;
  /** What an API would have prepared in Redis. */
  readonly prepared: GatewayRedis;
  /** Memory of the data in Redis with its overhead, in bytes. */
  redisBytes(): Promise<number>;
  createRooms(ids: readonly number[]): Promise<void>;
}

/** Differences of one gateway. */
export interface BenchVariant {
  env?: Record<string, string>;
  /** Program of another checkout. */
  main?: string;
}

/**
 * @param env settings of the gateways, besides limits that a benchmark does not reach
 * @param variants of the first gateways, in their order
 */
export async function startGateways(
  count: number,
  env: Record<string, string> = {},
  variants: readonly BenchVariant[] = [],
): Promise<BenchGateways> {
  const closer = new Closer();
  const redisServer = closer.add(await startRedis());
  const prepared = closer.add(await openGatewayRedis(redisServer.url));
  const { redis, createRooms } = prepared;
  const tokens = new Tokens(BENCH_SECRET);

  const gateways: BenchGateway[] = [];
  for (let index = 1; index <= count; index++) {
    const gateway = await spawnGuarded({
      name: `gateway-${index}`,
      command: process.execPath,
      args: [
        ...GATEWAY_FLAGS,
        '--expose-gc',
        '--import',
        COLLECT_ON_SIGNAL,
        variants[index - 1]?.main ?? GATEWAY_MAIN,
      ],
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: '0',
        NODE_ID: `gateway-${index}`,
        REDIS_URL: redisServer.url,
        JWT_SECRET: BENCH_SECRET,
        MAX_MESSAGES_PER_SECOND: '100000',
        DRAIN_DELAY_MS: '0',
        DRAIN_MS: '0',
        MAX_CONNECTS_PER_SECOND: '1000000',
        MAX_CONNECTIONS_PER_ADDRESS: '1000000',
        MAX_CONNECTIONS_PER_USER: '1000000',
        ...env,
        ...variants[index - 1]?.env,
      },
    });
    closer.defer(() => gateway.stop('SIGTERM', 10_000));
    const line = await gateway.ready((text) => text.includes('gateway is listening'), 10_000);
    const { port } = JSON.parse(line) as { port: number };
    gateways.push({
      pid: gateway.pid,
      port,
      secret: BENCH_SECRET,
      join: (roomId, member) => open(port, roomId, tokens.sign(member)),
      collectGarbage: async () => {
        process.kill(gateway.pid, 'SIGUSR2');
        await sleep(COLLECT_MS);
      },
    });
  }

  return {
    gateways,
    redisPid: redisServer.pid,
    redisUrl: redisServer.url,
    prepared,
    redisBytes: async () => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]),
    createRooms,
    close: () => closer.close(),
  };
}

/** The floor: a server that only relays. One room; ids and members are ignored. */
export async function startBareServer(): Promise<BenchServer & Closeable> {
  const server = await spawnGuarded({
    name: 'bare server',
    command: process.execPath,
    args: ['--import', 'tsx', BARE_SERVER],
  });
  const line = await server.ready((text) => text.includes('floor is listening'), 10_000);
  const { port } = JSON.parse(line) as { port: number };
  return {
    pid: server.pid,
    port,
    join: (roomId) => open(port, roomId, ''),
    close: () => server.stop('SIGTERM', 5_000),
  };
}

function open(port: number, roomId: number, token: string): Promise<WebSocket> {
  return opened(`ws://127.0.0.1:${port}/ws/join-room/${roomId}`, token);
}

function opened(url: string, token: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}
