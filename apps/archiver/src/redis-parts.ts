import { RedisArchiveQueue } from '@chorus/broker';
import { connectedOrNot, createRedis, Keyspace, RedisWatch, redisDatabase } from '@chorus/redis';
import type { Closeable, Logger } from '@chorus/service';
import type { ArchiverConfig } from './config.js';
import type { ArchiverParts } from './create-archiver.js';

/** How long to wait for Redis before starting without it, in milliseconds; `/readyz` then reports it. */
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * Creates the parts over Redis that production uses. Close them after the archiver.
 * @throws {ConfigError} Redis does not have the database of the URL
 */
export async function createRedisParts(
  config: Pick<ArchiverConfig, 'redis' | 'redisPrefix'>,
  log: Logger,
  watch: RedisWatch = new RedisWatch(),
): Promise<Pick<ArchiverParts, 'queue' | 'redisTrouble'> & Closeable> {
  const redis = createRedis(config.redis, log, 'archiver', watch);
  await connectedOrNot(redis, CONNECT_TIMEOUT_MS);
  return {
    queue: new RedisArchiveQueue(redis, new Keyspace(config.redisPrefix, redisDatabase(config.redis))),
    redisTrouble: () => watch.trouble(),
    close: async () => redis.disconnect(),
  };
}
