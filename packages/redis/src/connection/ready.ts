import { ConfigError } from '@chorus/service';
import { Cluster } from 'ioredis';
import type { RedisClient } from './client.js';
import { isDatabaseRefused } from './refusals.js';

/**
 * Resolves once the connection answers commands; rejects after `timeoutMs`.
 * @throws {ConfigError} the server does not have the database of the URL
 */
export async function redisReady(client: RedisClient, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onError: ((error: Error) => void) | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    onError = (error) => {
      if (!isDatabaseRefused(error)) return;
      reject(new ConfigError(`REDIS_URL is not valid: its database cannot be used: ${error.message}`));
    };
    client.on('error', onError);
  });
  const connected = async (): Promise<void> => {
    await readyOrEnded(client);
    // Waits for the masters that can be reached; others may connect later.
    if (client instanceof Cluster) await Promise.all(client.nodes('master').map(readyOrEnded));
    if (client.status !== 'ready') throw new Error('the connection was closed');
  };
  await Promise.race([connected(), tooLate]).finally(() => {
    clearTimeout(timer);
    if (onError !== undefined) client.off('error', onError);
  });
}

/**
 * Waits for a connection for at most `timeoutMs`. The library keeps trying after that.
 * @throws {ConfigError} see {@link redisReady}; the connection is closed then
 */
export async function connectedOrNot(client: RedisClient, timeoutMs: number): Promise<void> {
  try {
    await redisReady(client, timeoutMs);
  } catch (error) {
    if (!(error instanceof ConfigError)) return;
    client.disconnect();
    throw error;
  }
}

async function readyOrEnded(client: RedisClient): Promise<void> {
  if (client.status === 'ready' || client.status === 'end') return;
  await new Promise<void>((resolve) => {
    client.once('ready', resolve);
    client.once('end', resolve);
  });
}
