import { setTimeout as sleep } from 'node:timers/promises';
import { addRedisUser } from '@chorus/local';
import { milliseconds, type RedisClient } from '@chorus/redis';
import { connectRedis, openRedisKeys, redisAt, type TestRedisKeys } from '@chorus/redis/testing';
import { RedisAccessList } from '../redis/access-list.js';
import { RedisMembershipList } from '../redis/membership-list.js';
import { RedisNodeRegistry } from '../redis/node-registry.js';
import type { AccessListFixture } from './access-list-conformance.js';
import type { MembershipListFixture } from './membership-list-conformance.js';
import type { NodeRegistryFixture } from './node-registry-conformance.js';

/** Fixture of the Redis implementations: keys of its own. */
export interface RedisFixture extends TestRedisKeys {
  /** A connection without restrictions. */
  readonly admin: RedisClient;
  now(): Promise<number>;
  pass(ms: number): Promise<void>;
}

/**
 * The tested code connects as a Redis user with exactly the permissions that docs/how-to/postgresql-and-redis.md
 * lists.
 * @param urls of all servers; several mean a Redis Cluster
 */
export async function openRedisFixture(urls: readonly string[]): Promise<RedisFixture> {
  const own = await openRedisKeys(redisAt(urls));
  const redis = await connectRedis(redisAt(await addRedisUser(urls, 'test-*')));
  return {
    ...own,
    redis,
    admin: own.redis,
    now: async () => milliseconds(await own.redis.time()),
    // Expiry follows the clock of Redis, which tests cannot move.
    pass: async (ms) => sleep(ms),
    async close() {
      redis.disconnect();
      await own.close();
    },
  };
}

export async function openRedisAccessList(urls: readonly string[]): Promise<AccessListFixture> {
  const fixture = await openRedisFixture(urls);
  return { ...fixture, open: () => new RedisAccessList(fixture.redis, fixture.keyspace) };
}

export async function openRedisNodeRegistry(urls: readonly string[]): Promise<NodeRegistryFixture> {
  const fixture = await openRedisFixture(urls);
  return { ...fixture, open: () => new RedisNodeRegistry(fixture.redis, fixture.keyspace) };
}

export async function openRedisMembershipList(urls: readonly string[]): Promise<MembershipListFixture> {
  const fixture = await openRedisFixture(urls);
  const { redis, keyspace } = fixture;
  return {
    ...fixture,
    open: () => ({
      list: new RedisMembershipList(redis, keyspace),
      access: new RedisAccessList(redis, keyspace),
    }),
  };
}
