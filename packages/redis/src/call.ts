import type { ChainableCommander } from 'ioredis';
import type { RedisClient } from './connection/client.js';

/** The store cannot be reached, or cannot answer at present. A later attempt can succeed. */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
}

/** Runs commands. @throws {UnavailableError} for any failure, with the failure as its cause */
export async function call<T>(commands: () => Promise<T>): Promise<T> {
  try {
    return await commands();
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    throw new UnavailableError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/**
 * Sends a pipeline or transaction.
 * @returns the replies of its commands, in order
 * @throws {UnavailableError} if it cannot be sent, or one of its commands fails
 */
export function callAll<T extends unknown[]>(redis: RedisClient, commands: ChainableCommander): Promise<T> {
  return call(async () => {
    // A pipeline to a Redis Cluster that was never reached would wait for as long as the cluster is down.
    if (redis.status !== 'ready') throw new UnavailableError('Redis is not connected');
    const results = (await commands.exec()) ?? [];
    return results.map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as T;
  });
}
