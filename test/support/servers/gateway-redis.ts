import { RedisRoomDirectory, type RoomDirectory } from '@chorus/broker';
import { RedisAccessList } from '@chorus/control';
import { Keyspace, type RedisClient } from '@chorus/redis';
import { connectRedis, redisAt } from '@chorus/redis/testing';
import type { Closeable } from '@chorus/service';

/** Number of rooms that are created concurrently. */
const ROOMS_AT_ONCE = 500;

/** Redis as an API prepares it for gateways: no user is banned, and rooms can be created. */
export interface GatewayRedis extends Closeable {
  readonly redis: RedisClient;
  readonly keyspace: Keyspace;
  readonly directory: RoomDirectory;
  createRooms(ids: readonly number[]): Promise<void>;
}

/** Prepares the Redis at a URL, with the default prefix. */
export async function openGatewayRedis(url: string): Promise<GatewayRedis> {
  const redis = await connectRedis(redisAt(url, 10_000));
  const keyspace = new Keyspace('chorus');
  const directory = new RedisRoomDirectory(redis, keyspace);
  await (await new RedisAccessList(redis, keyspace).beginRestoration()).complete();
  await directory.markComplete();
  return {
    redis,
    keyspace,
    directory,
    async createRooms(ids) {
      for (let first = 0; first < ids.length; first += ROOMS_AT_ONCE) {
        await Promise.all(ids.slice(first, first + ROOMS_AT_ONCE).map((id) => directory.ensure(id, 0)));
      }
    },
    close: async () => redis.disconnect(),
  };
}
