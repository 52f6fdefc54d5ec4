import { call, type Keyspace, type RedisClient } from '@chorus/redis';
import type { Position, StoredMessage } from '../broker.js';
import type { RoomHistory } from '../room-history.js';
import { BrokerKeys } from './keys.js';
import { framesOf } from './read-stream.js';

/** The recent history in Redis. The connection belongs to the caller. */
export class RedisRoomHistory implements RoomHistory {
  readonly #keys: BrokerKeys;

  constructor(
    private readonly redis: RedisClient,
    keyspace: Keyspace,
  ) {
    this.#keys = new BrokerKeys(keyspace);
  }

  async before(roomId: number, before: Position | undefined, limit: number): Promise<StoredMessage[]> {
    // Redis refuses an interval that ends before the first possible id.
    if (limit <= 0 || (before?.epoch === 0 && before.seq === 0)) return [];
    const end = before === undefined ? '+' : `(${before.epoch}-${before.seq}`;
    const stream = this.#keys.stream(roomId);
    return framesOf(await call(() => this.redis.xrevrange(stream, end, '-', 'COUNT', limit))).reverse();
  }

  async from(roomId: number, from: Position, limit: number): Promise<StoredMessage[]> {
    if (limit <= 0) return [];
    const start = `${from.epoch}-${from.seq}`;
    const stream = this.#keys.stream(roomId);
    return framesOf(await call(() => this.redis.xrange(stream, start, '+', 'COUNT', limit)));
  }
}
