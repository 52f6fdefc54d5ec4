import { call, callAll, type Keyspace, type RedisClient, scopeOf } from '@chorus/redis';
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

  async fromEach(
    rooms: ReadonlyArray<{ readonly roomId: number; readonly from: Position }>,
    limit: number,
  ): Promise<StoredMessage[][]> {
    if (limit <= 0) return rooms.map(() => []);
    // A pipeline to a Redis Cluster is for one slot. Written one by one, commands would cost a system call each.
    const groups = new Map<number | undefined, number[]>();
    for (const [at, { roomId }] of rooms.entries()) {
      const scope = scopeOf(roomId, this.redis.isCluster);
      const others = groups.get(scope);
      if (others === undefined) groups.set(scope, [at]);
      else others.push(at);
    }
    const found: StoredMessage[][] = rooms.map(() => []);
    await Promise.all(
      [...groups.values()].map(async (indices) => {
        const pipeline = this.redis.pipeline();
        for (const at of indices) {
          const { roomId, from } = rooms[at] as (typeof rooms)[number];
          pipeline.xrange(this.#keys.stream(roomId), `${from.epoch}-${from.seq}`, '+', 'COUNT', limit);
        }
        const replies = await callAll<Array<Parameters<typeof framesOf>[0]>>(this.redis, pipeline);
        for (const [index, at] of indices.entries()) found[at] = framesOf(replies[index] ?? []);
      }),
    );
    return found;
  }

  async from(roomId: number, from: Position, limit: number): Promise<StoredMessage[]> {
    if (limit <= 0) return [];
    const start = `${from.epoch}-${from.seq}`;
    const stream = this.#keys.stream(roomId);
    return framesOf(await call(() => this.redis.xrange(stream, start, '+', 'COUNT', limit)));
  }
}
