import { Cluster } from 'ioredis';
import type { RedisClient } from '../connection/client.js';
import { RedisShardedSubscriber } from './sharded-subscriber.js';
import { RedisSubscriber, type SubscriberOptions } from './subscriber.js';

export type Subscriber = RedisSubscriber | RedisShardedSubscriber;

/**
 * Opens what receives from channels: one connection, or in a Redis Cluster one to each server that owns slots.
 *
 * @param client tells who owns the slots. Not closed with the subscriber.
 */
export function createSubscriber(
  client: RedisClient,
  options: Omit<SubscriberOptions, 'sharded' | 'onMoved'>,
): Subscriber {
  return client instanceof Cluster
    ? new RedisShardedSubscriber(client, options)
    : new RedisSubscriber({ ...options, sharded: false });
}
