import { generateSecret } from '@chorus/auth';
import { type NodeReport, RedisNodeRegistry } from '@chorus/control';
import { type Provisioned, provision } from '@chorus/loadtest';
import { freePort, startRedis } from '@chorus/local';
import { type Closeable, Closer } from '@chorus/service';
import { openGatewayRedis } from '../../support/servers/gateway-redis.js';
import { type Balance, type BalancerKind, type RealBalancer, startRealBalancer } from '../balancer/index.js';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.js';

/** Servers of a rehearsal: a Redis of their own, gateways, and a balancer in front of them. */
export interface Stage extends Closeable {
  readonly balancer: RealBalancer;
  /** Users and rooms of the load. */
  readonly people: Provisioned;
  /** Starts more gateways concurrently, with settings of their own. Resolves when they are ready. */
  startGateways(count: number, settings?: Readonly<Record<string, string>>): Promise<GatewayProcess[]>;
  /** Returns the gateways' own reports, about once a second. */
  nodes(): Promise<NodeReport[]>;
}

export interface StageOptions {
  readonly balancer: BalancerKind;
  readonly balance?: Balance | undefined;
  readonly connections: number;
  readonly rooms: number;
  /** Number of gateways that will ever be started. */
  readonly gateways: number;
  /** Whether the balancer knows all of them from the start. */
  readonly spares: boolean;
  /** How long the tool may need the users' tokens, in seconds. */
  readonly seconds: number;
  /** Settings of the gateways. */
  readonly settings: Readonly<Record<string, string>>;
}

/** All clients have one address, and come through a balancer. All other limits have their defaults. */
const SETTINGS = { TRUST_PROXY: '1', MAX_CONNECTIONS_PER_ADDRESS: '1000000' };

/**
 * Starts Redis and the balancer, and creates rooms and tokens as an API would. There is no API and no archiver:
 * messages stay in Redis.
 */
export async function startStage(options: StageOptions): Promise<Stage> {
  const closer = new Closer();
  try {
    const server = closer.add(await startRedis());
    const { redis, keyspace, createRooms } = closer.add(await openGatewayRedis(server.url));
    const roomIds = Array.from({ length: options.rooms }, (_, index) => index + 1);
    await createRooms(roomIds);

    const secret = generateSecret();
    const people = await provision({
      api: undefined,
      secret,
      password: '',
      prefix: 'rehearse',
      users: options.connections,
      rooms: options.rooms,
      roomIds,
      ttlSeconds: options.seconds,
      progress: () => undefined,
    });
    const places: Array<{ nodeId: string; port: number }> = [];
    for (let index = 1; index <= options.gateways; index++) {
      places.push({ nodeId: `gateway-${index}`, port: await freePort() });
    }
    const { connections, spares } = options;
    const known = { gateways: [...places], spares, connections, balance: options.balance };
    const balancer = closer.add(await startRealBalancer(options.balancer, known));
    const registry = new RedisNodeRegistry(redis, keyspace);
    const env = { ...SETTINGS, REDIS_URL: server.url, JWT_SECRET: secret, ...options.settings };
    return {
      balancer,
      people,
      startGateways: async (count, own) => {
        const started = await Promise.allSettled(
          places
            .splice(0, count)
            .map(async (place) => closer.add(await startGatewayProcess(place, { ...env, ...own }))),
        );
        return started.map((outcome) => {
          if (outcome.status === 'rejected') throw outcome.reason;
          return outcome.value;
        });
      },
      nodes: () => registry.nodes(),
      close: () => closer.close(),
    };
  } catch (error) {
    await closer.close();
    throw error;
  }
}
