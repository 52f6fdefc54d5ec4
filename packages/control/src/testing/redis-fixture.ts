import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { addRedisUser } from '@chorus/local';
import { createRedis, Keyspace, milliseconds, type RedisClient, redisReady } from '@chorus/redis';
import { silentLog } from '@chorus/testing';
import { Cluster } from 'ioredis';
import { RedisAccessList } from '../redis/access-list.js';
import { RedisMembershipList } from '../redis/membership-list.js';
import { RedisNodeRegistry } from '../redis/node-registry.js';
import type { AccessListFixture } from './access-list-conformance.js';
import type { MembershipListFixture } from './membership-list-conformance.js';
import type { NodeRegistryFixture } from './node-registry-conformance.js';

/** Fixture of the Redis implementations: a key prefix of its own. */
export interface RedisFixture {
  readonly redis: RedisClient;
  /** A connection without restrictions. */
  readonly admin: RedisClient;
  readonly keyspace: Keyspace;
  now(): Promise<number>;
  pass(ms: number): Promise<void>;
  /** All keys of the fixture. */
  keys(): Promise<string[]>;
  /** Removes the keys of the fixture. */
  close(): Promise<void>;
}

/**
 * The tested code connects as a Redis user with exactly the permissions that docs/how-to/postgresql-and-redis.md
 * lists.
 * @param urls of all servers; several mean a Redis Cluster
 */
export async function openRedisFixture(urls: readonly string[]): Promise<RedisFixture> {
  const cluster = urls.length > 1;
  const open = async (as: readonly string[]): Promise<RedisClient> => {
    const client = createRedis({ urls: as, cluster, commandTimeoutMs: 5_000 }, silentLog, 'test');
    await redisReady(client, 5_000);
    return client;
  };
  const admin = await open(urls);
  const redis = await open(await addRedisUser(urls, 'test-*'));
  const keyspace = new Keyspace(`test-${randomUUID()}`);
  const keys = async (): Promise<string[]> => {
    const servers = admin instanceof Cluster ? admin.nodes('master') : [admin];
    return (await Promise.all(servers.map((server) => server.keys(`*${keyspace.prefix}*`)))).flat();
  };
  return {
    redis,
    admin,
    keyspace,
    now: async () => milliseconds(await admin.time()),
    // Expiry follows the clock of Redis, which tests cannot move.
    pass: async (ms) => sleep(ms),
    keys,
    async close() {
      for (const key of await keys()) await admin.del(key);
      redis.disconnect();
      admin.disconnect();
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
