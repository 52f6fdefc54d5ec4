import { RedisArchiveQueue, RedisReadPositions } from '@chorus/broker';
import { RedisPresenceJournal } from '@chorus/presence';
import { openRedis, type RedisWatch } from '@chorus/redis';
import type { Closeable, Logger } from '@chorus/service';
import type { ArchiverConfig } from './config.js';
import type { ArchiverParts } from './create-archiver.js';

/**
 * Creates the parts over Redis that production uses. Close them after the archiver.
 * @throws {ConfigError} Redis does not have the database of the URL
 */
export async function createRedisParts(
  config: Pick<ArchiverConfig, 'redis' | 'redisPrefix'>,
  log: Logger,
  watch?: RedisWatch,
): Promise<Pick<ArchiverParts, 'queue' | 'reads' | 'journal' | 'redisTrouble'> & Closeable> {
  const { redis, keyspace, trouble, close } = await openRedis(config, 'archiver', log, watch);
  const queue = new RedisArchiveQueue(redis, keyspace);
  const reads = new RedisReadPositions(redis, keyspace);
  const journal = new RedisPresenceJournal(redis, keyspace);
  return { queue, reads, journal, redisTrouble: trouble, close };
}
