import type { Closeable, Logger } from '@chorus/service';
import { Keyspace } from '../keyspace.js';
import type { RedisClient, RedisConfig } from './client.js';
import { createRedis } from './create-redis.js';
import { connectedOrNot } from './ready.js';
import { redisDatabase } from './url.js';
import { RedisWatch } from './watch.js';

/** Time that a service waits for Redis before it starts without it, in milliseconds; `/readyz` then reports it. */
const CONNECT_TIMEOUT_MS = 2_000;

/** A service's connection for commands, and the keyspace that it uses. */
export interface OpenRedis extends Closeable {
  readonly redis: RedisClient;
  readonly keyspace: Keyspace;
  /** Why Redis does not work, as predicate of "Redis"; undefined while it works. */
  readonly trouble: () => string | undefined;
}

/**
 * Opens the connection of a service, whether or not Redis can be reached.
 *
 * @param purpose see {@link createRedis}
 * @throws {ConfigError} Redis does not have the database of the URL
 */
export async function openRedis(
  config: { readonly redis: RedisConfig; readonly redisPrefix: string },
  purpose: string,
  log: Logger,
  watch: RedisWatch = new RedisWatch(),
): Promise<OpenRedis> {
  const keyspace = new Keyspace(config.redisPrefix, redisDatabase(config.redis));
  const redis = createRedis(config.redis, log, purpose, watch);
  await connectedOrNot(redis, CONNECT_TIMEOUT_MS);
  return {
    redis,
    keyspace,
    trouble: () => watch.trouble(),
    close: async () => redis.disconnect(),
  };
}
