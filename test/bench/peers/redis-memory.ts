import { Redis } from 'ioredis';

/** Returns what Redis accounts for data, clients and itself, in bytes. */
export async function redisUsedBytes(url: string): Promise<number> {
  const redis = new Redis(url);
  try {
    const bytes = /^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1];
    if (bytes === undefined) throw new Error('Redis does not say how much memory it uses');
    return Number(bytes);
  } finally {
    redis.disconnect();
  }
}
