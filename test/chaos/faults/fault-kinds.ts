import type { ClientFaultKind, FaultKind, ReceiverFaultKind, ServerFaultKind } from '../history/history.js';

/** Kinds of Redis of a cluster. */
export const REDIS_KINDS = ['single', 'sentinel', 'cluster'] as const;
export type RedisKind = (typeof REDIS_KINDS)[number];

/** What a fault needs that a run does not always have. */
export type Need =
  /** Proxies between processes and servers. */
  | 'network'
  /** A Redis whose clock can be set. */
  | 'redis-clock'
  /** A disk for PostgreSQL that can be filled. */
  | 'small-disk'
  /** Servers of Redis that replace each other soon. Without it they wait so long that a busy machine causes no failover. */
  | 'failover';

export interface KindOfFault {
  /** Bounds of its duration, in milliseconds. */
  readonly forMs: readonly [number, number];
  /** Typical additional time until everything is ready again, in milliseconds. */
  readonly extraMs: number;
  readonly needs?: readonly Need[];
}

/** Kinds for standalone, in which everything is one process. */
type StandaloneFaultKind = Extract<ServerFaultKind, `standalone-${string}`>;

export const STANDALONE_KINDS: Record<StandaloneFaultKind, KindOfFault> = {
  'standalone-kill': { forMs: [0, 1_500], extraMs: 3_000 },
  'standalone-stop': { forMs: [0, 1_500], extraMs: 3_000 },
};

export const SERVER_KINDS: Record<Exclude<ServerFaultKind, StandaloneFaultKind>, KindOfFault> = {
  'gateway-kill': { forMs: [300, 1_500], extraMs: 800 },
  // Longer than the lease; longer than the idle time-out in half of the cases.
  'gateway-freeze': { forMs: [5_000, 11_000], extraMs: 1_000 },
  'gateway-clock': { forMs: [2_000, 5_000], extraMs: 0 },
  'rolling-restart': { forMs: [0, 500], extraMs: 8_000 },
  rollout: { forMs: [0, 0], extraMs: 4_000 },
  'redis-restart': { forMs: [100, 1_500], extraMs: 300 },
  'redis-kill': { forMs: [100, 1_500], extraMs: 300 },
  'redis-freeze': { forMs: [1_000, 4_000], extraMs: 0 },
  'redis-snapshot': { forMs: [2_000, 5_000], extraMs: 1_000, needs: ['network'] },
  'redis-lost-tail': { forMs: [500, 3_000], extraMs: 1_000, needs: ['network'] },
  'redis-promotion': { forMs: [500, 3_000], extraMs: 2_500, needs: ['network'] },
  'redis-empty': { forMs: [100, 1_000], extraMs: 1_000 },
  'redis-refuses': { forMs: [1_500, 5_000], extraMs: 300 },
  'redis-clock': { forMs: [1_000, 3_000], extraMs: 2_500, needs: ['redis-clock'] },
  'redis-failover-kill': { forMs: [500, 3_000], extraMs: 6_000, needs: ['failover'] },
  'redis-failover-freeze': { forMs: [500, 3_000], extraMs: 8_000, needs: ['failover'] },
  'redis-slots-move': { forMs: [1_000, 5_000], extraMs: 1_500 },
  'redis-shard-handover': { forMs: [0, 0], extraMs: 2_500 },
  'redis-shard-kill': { forMs: [500, 3_000], extraMs: 8_000, needs: ['failover'] },
  'subscriber-cut': { forMs: [0, 0], extraMs: 200 },
  'network-silence': { forMs: [1_000, 6_000], extraMs: 300, needs: ['network'] },
  'network-delay': { forMs: [2_000, 5_000], extraMs: 300, needs: ['network'] },
  'network-cut': { forMs: [1_000, 3_000], extraMs: 300, needs: ['network'] },
  'network-refusal': { forMs: [500, 4_000], extraMs: 500, needs: ['network'] },
  'postgres-restart': { forMs: [300, 2_000], extraMs: 800 },
  'postgres-locked': { forMs: [1_000, 5_000], extraMs: 500 },
  'postgres-full': { forMs: [1_000, 4_000], extraMs: 2_500, needs: ['small-disk'] },
  'postgres-read-only': { forMs: [1_000, 4_000], extraMs: 500 },
  'archiver-kill': { forMs: [300, 1_500], extraMs: 800 },
  'dispatcher-kill': { forMs: [300, 1_500], extraMs: 800 },
  // Longer than its lease in most cases.
  'dispatcher-freeze': { forMs: [2_000, 6_000], extraMs: 500 },
  'api-kill': { forMs: [200, 1_500], extraMs: 2_000 },
  'recreated-rooms': { forMs: [3_000, 6_000], extraMs: 2_000 },
};

/** Kinds for the endpoint of a webhook. */
const RECEIVER_KINDS: Record<ReceiverFaultKind, KindOfFault> = {
  'receiver-fails': { forMs: [500, 4_000], extraMs: 0 },
  'receiver-hangs': { forMs: [500, 4_000], extraMs: 0 },
  'receiver-restart': { forMs: [100, 3_000], extraMs: 100 },
};

export const CLIENT_KINDS: Record<ClientFaultKind, KindOfFault> = {
  'stalled-readers': { forMs: [2_000, 10_000], extraMs: 0 },
  'vanished-clients': { forMs: [0, 0], extraMs: 500 },
  'long-absences': { forMs: [7_500, 10_000], extraMs: 0 },
  ...RECEIVER_KINDS,
};

const CLUSTER_KINDS = [...Object.keys(SERVER_KINDS), ...Object.keys(CLIENT_KINDS)] as readonly FaultKind[];
const OF_FAILOVER = /^redis-failover-/;
const OF_SHARDS = /^redis-(shard|slots)-/;
/** Of one server of Redis, or the proxies before it. */
const OF_ONE_REDIS = /^(redis|network)-/;

/** Kinds for a cluster with one Redis. */
export const FAULT_KINDS = CLUSTER_KINDS.filter((kind) => !OF_FAILOVER.test(kind) && !OF_SHARDS.test(kind));

/** Kinds for a cluster whose Redis is named by Sentinels. */
export const SENTINEL_FAULT_KINDS = CLUSTER_KINDS.filter(
  (kind) => OF_FAILOVER.test(kind) || !OF_ONE_REDIS.test(kind),
);

/** Kinds for a cluster with a Redis Cluster. */
export const SHARDED_FAULT_KINDS = CLUSTER_KINDS.filter(
  (kind) => OF_SHARDS.test(kind) || !OF_ONE_REDIS.test(kind),
);

export const FAULT_KINDS_BY_REDIS: Record<RedisKind, readonly FaultKind[]> = {
  single: FAULT_KINDS,
  sentinel: SENTINEL_FAULT_KINDS,
  cluster: SHARDED_FAULT_KINDS,
};

export const STANDALONE_FAULT_KINDS = [
  ...Object.keys(STANDALONE_KINDS),
  ...Object.keys(CLIENT_KINDS).filter((kind) => !(kind in RECEIVER_KINDS)),
] as readonly FaultKind[];

export const KINDS_OF_FAULTS: Record<FaultKind, KindOfFault> = {
  ...SERVER_KINDS,
  ...STANDALONE_KINDS,
  ...CLIENT_KINDS,
};

/** Returns what a run with these kinds of faults needs. */
export function needsOf(kinds: Iterable<FaultKind>): ReadonlySet<Need> {
  return new Set([...kinds].flatMap((kind) => KINDS_OF_FAULTS[kind].needs ?? []));
}
