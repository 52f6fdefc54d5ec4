import { randomBytes } from 'node:crypto';
import type { Closeable } from '@chorus/service';
import { silentLog } from '@chorus/testing';
import { Cluster } from 'ioredis';
import type { RedisClient, RedisConfig } from '../connection/client.js';
import { createRedis } from '../connection/create-redis.js';
import { redisReady } from '../connection/ready.js';
import type { RedisWatch } from '../connection/watch.js';
import { Keyspace } from '../keyspace.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** How to connect to these servers: to one, or to the Redis Cluster of several. */
export function redisAt(servers: string | readonly string[], commandTimeoutMs = 5_000): RedisConfig {
  const urls = typeof servers === 'string' ? [servers] : servers;
  return { urls, cluster: urls.length > 1, commandTimeoutMs };
}

/** A connection that answers commands. @param purpose see {@link createRedis} */
export async function connectRedis(
  config: RedisConfig,
  purpose = 'test',
  watch?: RedisWatch,
): Promise<RedisClient> {
  const redis = createRedis(config, silentLog, purpose, watch);
  try {
    await redisReady(redis, CONNECT_TIMEOUT_MS);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return redis;
}

/** Keyspace with a prefix of its own, which begins with `test-`. */
export function testKeyspace(): Keyspace {
  return new Keyspace(`test-${randomBytes(6).toString('hex')}`);
}

/** A connection, and the part of Redis that belongs to one test. */
export interface TestRedisKeys extends Closeable {
  readonly redis: RedisClient;
  readonly keyspace: Keyspace;
  /** Names of all keys of the keyspace, sorted. */
  keys(): Promise<string[]>;
  deleteKeys(): Promise<void>;
}

/**
 * Opens a keyspace for a test.
 *
 * @param keyspace by default one of {@link testKeyspace}; `close` deletes its keys if Redis can be reached
 */
export async function openRedisKeys(config: RedisConfig, keyspace = testKeyspace()): Promise<TestRedisKeys> {
  const redis = await connectRedis(config);
  const keys = async (): Promise<string[]> => {
    const servers = redis instanceof Cluster ? redis.nodes('master') : [redis];
    return (await Promise.all(servers.map((server) => server.keys(`*${keyspace.prefix}:*`)))).flat().sort();
  };
  const deleteKeys = async (): Promise<void> => {
    await Promise.all((await keys()).map((key) => redis.del(key)));
  };
  return {
    redis,
    keyspace,
    keys,
    deleteKeys,
    close: async () => {
      await deleteKeys().catch(() => undefined);
      redis.disconnect();
    },
  };
}
