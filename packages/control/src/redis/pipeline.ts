import { BrokerUnavailableError } from '@chorus/broker';
import type { RedisClient } from '@chorus/redis';
import type { ChainableCommander } from 'ioredis';

/**
 * Asks Redis; whatever goes wrong is reported as {@link BrokerUnavailableError}. A Redis Cluster that was never
 * reached would keep a pipeline waiting for as long as it is away: that is not even asked.
 */
export async function asked<T>(redis: RedisClient, ask: () => Promise<T>): Promise<T> {
  if (redis.status !== 'ready') throw new BrokerUnavailableError('Redis is not connected');
  try {
    return await ask();
  } catch (error) {
    throw new BrokerUnavailableError(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/**
 * The same for a pipeline or transaction.
 * @returns the replies of its commands, in order
 */
export function replies<T extends unknown[]>(redis: RedisClient, commands: ChainableCommander): Promise<T> {
  return asked(redis, async () => {
    const results = (await commands.exec()) ?? [];
    return results.map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as T;
  });
}

/** The reply of TIME in milliseconds since 1970. */
export function milliseconds([seconds, microseconds]: ReadonlyArray<number | string>): number {
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}
