import { Cluster } from 'ioredis';
import type { RedisClient } from '../connection/client.js';
import { RedisShardedSubscriber } from './sharded-subscriber.js';
import { RedisSubscriber, type SubscriberOptions } from './subscriber.js';

export type Subscriber = RedisSubscriber | RedisShardedSubscriber;

/**
 * Opens a subscriber: one connection, or in a Redis Cluster one to each server that owns slots.
 * @param client knows the owners of the slots; not closed with the subscriber
 */
export function createSubscriber(
  client: RedisClient,
  options: Omit<SubscriberOptions, 'sharded' | 'onMoved'>,
): Subscriber {
  return client instanceof Cluster
    ? new RedisShardedSubscriber(client, options)
    : new RedisSubscriber({ ...options, sharded: false });
}
