export { call, callAll, UnavailableError } from './call.js';
export type { RedisClient, RedisConfig } from './connection/client.js';
export { createRedis } from './connection/create-redis.js';
export { type OpenRedis, openRedis } from './connection/open-redis.js';
export { connectedOrNot, redisReady } from './connection/ready.js';
export { readRedisTls } from './connection/tls.js';
export { redisDatabase } from './connection/url.js';
export { RedisWatch } from './connection/watch.js';
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
export { createSubscriber, type Subscriber } from './pubsub/create-subscriber.js';
export { RedisSubscriber } from './pubsub/subscriber.js';
export { defineScripts } from './scripts.js';
export { milliseconds, type ServerTime } from './server-time.js';
export { REDIS_SERVER_SETTINGS, redisConfig, redisSettings } from './settings.js';
