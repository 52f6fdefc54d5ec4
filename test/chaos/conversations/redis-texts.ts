import type { Redis } from 'ioredis';
import type { FoundText } from '../history/conversation.js';
import { foundIn, shortened } from './found-texts.js';

/** Returns the marks in all keys of all databases of a Redis server. */
export async function marksInRedis(redis: Redis): Promise<FoundText[]> {
  const found: FoundText[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 1_000);
    cursor = next;
    for (const key of keys) {
      for (const part of [key, ...(await partsOf(redis, key))]) {
        found.push(...foundIn(part, `the key ${key} of Redis: ${shortened(part)}`));
      }
    }
  } while (cursor !== '0');
  return found;
}

/** Returns the entries of a stream, the fields of a hash, the members of a set. */
async function partsOf(redis: Redis, key: string): Promise<string[]> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return [(await redis.get(key)) ?? ''];
    case 'hash':
      return Object.entries(await redis.hgetall(key)).map(String);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, -1);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'stream':
      return (await redis.xrange(key, '-', '+')).map(String);
    case 'none':
      return [];
    default:
      throw new Error(`the key ${key} has the type ${type}, which is not searched`);
  }
}
