import { Keyspace, RedisBroker, redisAnnouncer } from '@chorus/broker';
import { RedisAccessList, RedisNodeRegistry } from '@chorus/control';
import { RedisPresenceStore } from '@chorus/presence';
import { type Closeable, createRedis, type Logger } from '@chorus/service';
import type { GatewayConfig } from './config.js';
import type { GatewayParts } from './create-gateway.js';

/** How long a starting gateway waits for Redis, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The parts over Redis, as production uses them. Close them after the gateway. */
export function createRedisParts(config: GatewayConfig, log: Logger): GatewayParts & Closeable {
  const keyspace = new Keyspace(config.redisPrefix);
  const redis = createRedis(config.redis, log, 'presence');
  const presence = new RedisPresenceStore(redis, {
    keyspace,
    announcer: redisAnnouncer(keyspace, config.redis.cluster),
    announceLimit: config.presenceAnnounceLimit,
  });
  return {
    log,
    presence,
    access: new RedisAccessList(redis, keyspace),
    nodes: new RedisNodeRegistry(redis, keyspace),
    connectBroker: (listener, busy) =>
      RedisBroker.connect(
        {
          redis: config.redis,
          keyspace,
          maxBacklogBytes: config.maxBacklogBytes,
          maxBatchWindowMs: config.batchWindowMs,
          busy,
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          probeIntervalMs: config.probeIntervalMs,
          log,
        },
        listener,
      ),
    close: async () => redis.disconnect(),
  };
}
