import { ProbeStats, RedisBroker, RedisReadPositions, redisNoticeTarget } from '@chorus/broker';
import { RedisAccessList, RedisMembershipList, RedisNodeRegistry } from '@chorus/control';
import { RedisPresenceStore } from '@chorus/presence';
import { addRedisMetrics, createRedis, Keyspace, RedisWatch, redisDatabase } from '@chorus/redis';
import type { Closeable, Logger, Metrics } from '@chorus/service';
import type { GatewayConfig } from '../config.js';
import type { GatewayParts } from '../create-gateway.js';

/** Time to wait for Redis before starting without it, in milliseconds: `/readyz` then reports the trouble. */
const CONNECT_TIMEOUT_MS = 2_000;

/** The Redis-backed parts of production. Close them after the gateway. */
export function createRedisParts(
  config: GatewayConfig,
  log: Logger,
  metrics?: Metrics,
): GatewayParts & Closeable {
  const keyspace = new Keyspace(config.redisPrefix, redisDatabase(config.redis));
  const watch = new RedisWatch();
  const probes = new ProbeStats();
  if (metrics !== undefined) addRedisMetrics(metrics, watch);
  const redis = createRedis(config.redis, log, 'presence', watch, true);
  const presence = new RedisPresenceStore(redis, {
    keyspace,
    noticeTarget: redisNoticeTarget(keyspace, config.redis.cluster),
    announceLimit: config.presenceAnnounceLimit,
  });
  return {
    log,
    metrics,
    probes,
    presence,
    access: new RedisAccessList(redis, keyspace),
    memberships: new RedisMembershipList(redis, keyspace),
    reads: new RedisReadPositions(redis, keyspace),
    nodes: new RedisNodeRegistry(redis, keyspace),
    trouble: () => watch.trouble(),
    connectBroker: (gathering) =>
      RedisBroker.connect({
        redis: config.redis,
        keyspace,
        maxBacklogBytes: config.maxBacklogBytes,
        maxBatchWindowMs: config.batchWindowMs,
        gathering,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        probeIntervalMs: config.probeIntervalMs,
        watch,
        probes,
        log,
      }),
    close: async () => redis.disconnect(),
  };
}
