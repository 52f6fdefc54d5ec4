import { PARTITIONS, type RedisClient, type RedisConfig } from '@chorus/redis';
import { openRedisKeys, redisAt, testKeyspace } from '@chorus/redis/testing';
import { Closer } from '@chorus/service';
import { silentLog } from '@chorus/testing';
import { RedisArchiveQueue } from '../redis/archive-queue.js';
import { RedisBroker, type RedisBrokerOptions } from '../redis/broker.js';
import { BrokerKeys } from '../redis/keys.js';
import { RedisReadPositions } from '../redis/read-positions.js';
import { RedisRoomDirectory } from '../redis/room-directory.js';
import { RedisRoomHistory } from '../redis/room-history.js';
import type { BrokerFixture } from './conformance/fixture.js';

/** Settings for tests, with a unique prefix. */
export function testOptions(redis: RedisConfig, maxBacklogBytes = 1e9): RedisBrokerOptions {
  return {
    redis,
    keyspace: testKeyspace(),
    maxBacklogBytes,
    maxBatchWindowMs: 5,
    connectTimeoutMs: 5_000,
    log: silentLog,
  };
}

export interface RedisFixture extends BrokerFixture {
  options: RedisBrokerOptions;
  keys: BrokerKeys;
  /** A connection of its own, for tests that look into Redis. */
  redis: RedisClient;
}

export async function makeRedisFixture(options: RedisBrokerOptions): Promise<RedisFixture> {
  const closer = new Closer();
  const { redis } = closer.add(await openRedisKeys(options.redis, options.keyspace));
  return {
    options,
    redis,
    keys: new BrokerKeys(options.keyspace),
    directory: () => new RedisRoomDirectory(redis, options.keyspace),
    queue: () => new RedisArchiveQueue(redis, options.keyspace),
    history: () => new RedisRoomHistory(redis, options.keyspace),
    reads: () => new RedisReadPositions(redis, options.keyspace),
    connect: async (listener) => {
      const broker = closer.add(await RedisBroker.connect(options));
      if (listener !== undefined) broker.listen(listener);
      return broker;
    },
    close: () => closer.close(),
  };
}

/** Fixture on a Redis Cluster. @param urls of its servers @param options `maxBacklogBytes` is that of a partition */
export function makeClusterFixture(
  urls: readonly string[],
  { maxBacklogBytes = 1e9 }: { maxBacklogBytes?: number },
): Promise<RedisFixture> {
  return makeRedisFixture(testOptions(redisAt(urls), maxBacklogBytes * PARTITIONS));
}
