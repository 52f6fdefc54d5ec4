import { Keyspace, RedisArchiveQueue } from '@chorus/broker';
import {
  type Closeable,
  createRedis,
  type Logger,
  type RedisWatch,
  redisDatabase,
  redisReady,
} from '@chorus/service';
import type { ArchiverConfig } from './config.js';
import type { ArchiverParts } from './create-archiver.js';

/** How long to wait for Redis before going on without it, in milliseconds: `/readyz` then says so. */
const CONNECT_TIMEOUT_MS = 2_000;

/** The parts over Redis, as production uses them. Close them after the archiver. */
export async function createRedisParts(
  config: Pick<ArchiverConfig, 'redis' | 'redisPrefix'>,
  log: Logger,
  watch?: RedisWatch,
): Promise<Pick<ArchiverParts, 'queue'> & Closeable> {
  const redis = createRedis(config.redis, log, 'archiver', watch);
  await redisReady(redis, CONNECT_TIMEOUT_MS).catch(() => undefined);
  return {
    queue: new RedisArchiveQueue(redis, new Keyspace(config.redisPrefix, redisDatabase(config.redis))),
    close: async () => redis.disconnect(),
  };
}
