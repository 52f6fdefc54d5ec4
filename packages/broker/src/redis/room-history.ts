import { call, type Keyspace, type RedisClient, scopeOf } from '@chorus/redis';
import type { Position, StoredMessage } from '../broker.js';
import type { RoomHistory } from '../room-history.js';
import { BrokerKeys } from './keys.js';
import { framesOf } from './read-stream.js';
import { defineBrokerScripts, type StreamEntry } from './scripts.js';

/** Entries after which one script reads no further room, because Redis serves no other client meanwhile. */
const ENTRIES_AT_ONCE = 1_000;

/** The recent history in Redis. The connection belongs to the caller. */
export class RedisRoomHistory implements RoomHistory {
  readonly #keys: BrokerKeys;

  constructor(
    private readonly redis: RedisClient,
    keyspace: Keyspace,
  ) {
    defineBrokerScripts(redis);
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
    const groups = new Map<number | undefined, number[]>();
    for (const [at, { roomId }] of rooms.entries()) {
      const scope = scopeOf(roomId, this.redis.isCluster);
      const others = groups.get(scope);
      if (others === undefined) groups.set(scope, [at]);
      else others.push(at);
    }
    const found: StoredMessage[][] = rooms.map(() => []);
    const reads = [...groups.values()].map(async (indices) => {
      for (let left = indices; left.length > 0; ) {
        const wanted = left.map((at) => rooms[at] as (typeof rooms)[number]);
        const [read, ...entries] = await this.#readEach(wanted, limit);
        for (let next = 0; next < entries.length; next += 2) {
          found[left[entries[next] as number] as number] = framesOf(entries[next + 1] as StreamEntry[]);
        }
        left = left.slice(read);
      }
    });
    await Promise.all(reads);
    return found;
  }

  async from(roomId: number, from: Position, limit: number): Promise<StoredMessage[]> {
    if (limit <= 0) return [];
    const start = `${from.epoch}-${from.seq}`;
    const stream = this.#keys.stream(roomId);
    return framesOf(await call(() => this.redis.xrange(stream, start, '+', 'COUNT', limit)));
  }

  /** One script: as commands of their own, they would cost a client more than all of the rest. */
  #readEach(rooms: ReadonlyArray<{ readonly roomId: number; readonly from: Position }>, limit: number) {
    const streams = rooms.map(({ roomId }) => this.#keys.stream(roomId));
    const starts = rooms.map(({ from }) => `${from.epoch}-${from.seq}`);
    return call(() =>
      this.redis.chorusReadEach(streams.length, ...streams, limit, ENTRIES_AT_ONCE, ...starts),
    );
  }
}
