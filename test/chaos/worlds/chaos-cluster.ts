import { Tokens } from '@chorus/auth';
import { type Cluster, createCluster } from '@chorus/cluster';
import type { Member } from '@chorus/protocol';
import { Closer } from '@chorus/service';
import { silentLog } from '@chorus/testing';
import { OPERATOR_SETTINGS } from '../../support/clients/operator.js';
import { SteppedClocks } from '../../support/clocks/stepped-clocks.js';
import type { Need, RedisKind } from '../faults/fault-kinds.js';
import type { Promises } from '../history/history.js';
import { Network } from '../network/network.js';
import { ChaosPostgres } from '../servers/chaos-postgres.js';
import { ChaosRedis } from '../servers/chaos-redis.js';
import { RedisClock } from '../servers/redis-clock.js';
import type { RedisAction } from '../servers/redis-node.js';
import { ChaosSentinels } from '../servers/redis-sentinels.js';
import { ChaosShards } from '../servers/redis-shards.js';
import { type ChaosSettings, chaosSettings, createRooms, promisesOf, TOKEN_TTL_SECONDS } from './settings.js';

export interface ChaosCluster extends Omit<Cluster, 'redis' | 'postgres'> {
  readonly promises: Promises;
  /** Undefined if Redis is a Redis Cluster. */
  readonly redis: ChaosRedis | undefined;
  /** Undefined unless Redis is a Redis Cluster. */
  readonly shards: ChaosShards | undefined;
  readonly postgres: ChaosPostgres;
  /** Undefined unless Sentinels name the Redis server. */
  readonly sentinels: ChaosSentinels | undefined;
  /** Between processes and servers; undefined unless needed. */
  readonly network: Network | undefined;
  /** Clocks of the processes, by their node ids. */
  readonly clocks: SteppedClocks;
  /** Clock of Redis; undefined unless needed. */
  readonly redisClock: RedisClock | undefined;
  /** Runs an action at each server of Redis that takes writes. */
  atEachPrimary<T>(action: RedisAction<T>): Promise<T[]>;
  /** The last lines that its processes logged. */
  readonly log: readonly string[];
  tokenOf(member: Member): string;
  createRooms(ids: readonly number[], token: string): Promise<void>;
}

/** Longer than a server is slow on a busy machine, in milliseconds. */
const NEVER_MS = 60_000;

/**
 * Three gateways, two APIs, two archivers, two dispatchers, a PostgreSQL, and a Redis that keeps what it acknowledged:
 * one server, a primary and two replicas with three Sentinels, or a Redis Cluster of three masters with a replica each.
 * @param changes settings of the processes that override those here
 * @param needs what the planned faults need
 */
export async function startChaosCluster(
  changes: Readonly<Record<string, string>> = {},
  needs: ReadonlySet<Need> = new Set(),
  kind: RedisKind = 'single',
): Promise<ChaosCluster> {
  const closer = new Closer();
  try {
    return await start(chaosSettings(changes), needs, kind, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function start(
  settings: ChaosSettings,
  needs: ReadonlySet<Need>,
  kind: RedisKind,
  closer: Closer,
): Promise<ChaosCluster> {
  const clocks = closer.add(new SteppedClocks());
  const redisClock = needs.has('redis-clock') ? closer.add(await RedisClock.start()) : undefined;
  const detectMs = needs.has('failover') ? undefined : NEVER_MS;
  const shards = kind === 'cluster' ? closer.add(await ChaosShards.start(detectMs)) : undefined;
  const redis = kind === 'cluster' ? undefined : closer.add(await ChaosRedis.start(redisClock));
  const sentinels =
    kind === 'sentinel' && redis !== undefined
      ? closer.add(await ChaosSentinels.start(redis, detectMs))
      : undefined;
  const postgres = closer.add(await ChaosPostgres.start(needs.has('small-disk')));
  const network = needs.has('network') ? closer.add(new Network()) : undefined;
  if (redis !== undefined) await network?.point('redis', redis.node.port);
  await network?.point('postgres', postgres.port);
  const log: string[] = [];
  const { PATH, HOME } = process.env;
  const cluster = closer.add(
    await createCluster({
      ...{ gateways: 3, apis: 2, archivers: 2, dispatchers: 2, port: 0, host: '127.0.0.1', restart: false },
      env: {
        ...{
          PATH,
          HOME,
          REDIS_URL: (sentinels ?? shards ?? redis)?.url,
          REDIS_PREFIX: 'chorus',
          BROKER_SHARDED: String(shards !== undefined),
          DATABASE_URL: postgres.url,
        },
        ...clocks.env,
        ...settings,
        ...OPERATOR_SETTINGS,
      },
      ...(network && { serverUrl: (nodeId, server, url) => network.urlFor(nodeId, server, url) }),
      log: silentLog,
      onLine: (nodeId, line) => {
        log.push(`${nodeId}: ${line}`);
      },
    }),
  );
  const tokens = new Tokens(cluster.jwtSecret, TOKEN_TTL_SECONDS);
  return {
    ...cluster,
    ...{ redis, shards, sentinels, postgres, network, clocks, redisClock, log },
    atEachPrimary: async (action) => {
      const primaries = redis === undefined ? ((await shards?.masters()) ?? []) : [redis.node];
      return Promise.all(primaries.map((node) => node.with(action)));
    },
    promises: promisesOf(settings),
    tokenOf: (member) => tokens.sign(member),
    createRooms: (ids, token) => createRooms(cluster.url, ids, token),
    close: () => closer.close(),
  };
}
