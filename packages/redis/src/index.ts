export { call, callAll, UnavailableError } from './call.js';
export type { RedisClient, RedisConfig } from './client.js';
export { createRedis } from './create-redis.js';
export {
  ALL_PARTITIONS,
  allScopes,
  Keyspace,
  PARTITIONS,
  partitionOf,
  publishCommand,
  scopeOf,
} from './keyspace.js';
export { addRedisMetrics } from './metrics.js';
export { connectedOrNot, redisReady } from './ready.js';
export { defineScripts } from './scripts.js';
export { milliseconds, type ServerTime } from './server-time.js';
export { redisConfig, redisSettings } from './settings.js';
export { RedisShardedSubscriber } from './sharded-subscriber.js';
export { RedisSubscriber, type SubscriberOptions } from './subscriber.js';
export { readRedisTls } from './tls.js';
export { redisDatabase } from './url.js';
export { RedisWatch } from './watch.js';
