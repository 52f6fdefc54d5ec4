import {
  BrokerKeys,
  RedisPositions,
  RedisPublisher,
  RedisReadPositions,
  RedisRoomDirectory,
  RedisRoomHistory,
  redisNoticeTarget,
  replicaWait,
} from '@chorus/broker';
import { RedisAccessList, RedisMembershipList, RedisNodeRegistry } from '@chorus/control';
import { RedisPresenceStore } from '@chorus/presence';
import { openRedis, type RedisWatch } from '@chorus/redis';
import type { Closeable, Logger } from '@chorus/service';
import type { RateLimitConfig } from './auth/rate-limits/rate-limits.js';
import { redisRateLimits } from './auth/rate-limits/redis-rate-limits.js';
import type { StoreConfig } from './config.js';
import type { ApiParts } from './create-api.js';

/** Changes of rooms are few and small: they are published even while messages are refused. */
const PUBLISHER = { maxBacklogBytes: Number.MAX_SAFE_INTEGER, maxBatchWindowMs: 1 };

/**
 * Creates the Redis-backed parts that production uses. Close them after the API.
 * @throws {ConfigError} Redis does not have the database of the URL
 */
export async function createRedisParts(
  config: Pick<StoreConfig, 'redis' | 'redisPrefix' | 'maxBacklogBytes'>,
  rateLimits: RateLimitConfig,
  log: Logger,
  watch?: RedisWatch,
): Promise<
  Pick<
    ApiParts,
    | 'access'
    | 'directory'
    | 'history'
    | 'memberships'
    | 'messagePublisher'
    | 'nodes'
    | 'presence'
    | 'publisher'
    | 'rateLimits'
    | 'reads'
    | 'redisTrouble'
  > &
    Closeable
> {
  const { redis, keyspace, trouble, close } = await openRedis(config, 'api', log, watch);
  const names = new BrokerKeys(keyspace);
  const messages = new RedisPublisher(redis, names, {
    maxBacklogBytes: config.maxBacklogBytes,
    maxBatchWindowMs: 0,
    replicas: replicaWait(config.redis),
  });
  const positions = new RedisPositions(redis, names);
  return {
    access: new RedisAccessList(redis, keyspace),
    memberships: new RedisMembershipList(redis, keyspace),
    publisher: new RedisPublisher(redis, names, PUBLISHER),
    nodes: new RedisNodeRegistry(redis, keyspace),
    directory: new RedisRoomDirectory(redis, keyspace),
    history: new RedisRoomHistory(redis, keyspace),
    messagePublisher: {
      publish: (roomId, body, key) => messages.publish(roomId, body, key),
      publishedWith: (roomId, key) => messages.publishedWith(roomId, key),
      standing: (roomId, seen) => positions.ask(roomId, seen),
      stored: (roomId) => positions.stored(roomId),
    },
    presence: new RedisPresenceStore(redis, {
      keyspace,
      noticeTarget: redisNoticeTarget(keyspace, config.redis.cluster),
    }),
    reads: new RedisReadPositions(redis, keyspace),
    rateLimits: redisRateLimits(rateLimits, redis, config.redisPrefix),
    redisTrouble: trouble,
    close,
  };
}
