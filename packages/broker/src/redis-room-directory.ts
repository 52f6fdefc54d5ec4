import { randomUUID } from 'node:crypto';
import type { RedisClient } from '@chorus/service';
import { BrokerUnavailableError, type ControlEvent } from './broker.js';
import { type Keyspace, PARTITIONS } from './keys.js';
import { defineScripts } from './redis-scripts.js';
import type { PendingChange, RoomDirectory } from './room-directory.js';

/** The mirror of rooms in Redis. The connection belongs to the caller. */
export class RedisRoomDirectory implements RoomDirectory {
  constructor(
    private readonly redis: RedisClient,
    private readonly keyspace: Keyspace,
  ) {
    defineScripts(redis);
  }

  async begin(roomIds: readonly number[]): Promise<void> {
    if (roomIds.length === 0) return;
    const now = await this.#now();
    await ask(() => this.redis.zadd(this.keyspace.pendingChanges(), ...roomIds.flatMap((id) => [now, id])));
  }

  async ensure(roomId: number, seq: number): Promise<void> {
    await ask(() => this.redis.chorusEnsureRoom(1, this.keyspace.stream(roomId), seq));
  }

  async remove(roomId: number): Promise<void> {
    await ask(() => this.redis.unlink(this.keyspace.stream(roomId)));
    await this.announce({ type: 'room-deleted', roomId });
  }

  async announce(event: ControlEvent): Promise<void> {
    await ask(() => this.redis.publish(this.keyspace.control(), JSON.stringify(event)));
  }

  async pending(minAgeMs: number, limit: number): Promise<PendingChange[]> {
    const latest = (await this.#now()) - minAgeMs;
    const flat = await ask(() =>
      this.redis.zrange(
        this.keyspace.pendingChanges(),
        '-inf',
        latest,
        'BYSCORE',
        'LIMIT',
        0,
        limit,
        'WITHSCORES',
      ),
    );
    const changes: PendingChange[] = [];
    for (let at = 0; at < flat.length; at += 2) {
      changes.push({ roomId: Number(flat[at]), since: Number(flat[at + 1]) });
    }
    return changes;
  }

  async settle(changes: readonly PendingChange[]): Promise<void> {
    if (changes.length === 0) return;
    await ask(() =>
      this.redis.chorusSettle(
        1,
        this.keyspace.pendingChanges(),
        ...changes.flatMap((change) => [change.roomId, change.since]),
      ),
    );
  }

  async isComplete(): Promise<boolean> {
    const markers = await ask(() => Promise.all(this.#markers().map((key) => this.redis.exists(key))));
    return markers.every((exists) => exists === 1);
  }

  async markComplete(): Promise<void> {
    await ask(() => Promise.all(this.#markers().map((key) => this.redis.set(key, '1'))));
  }

  async exclusively(name: string, ttlMs: number, action: () => Promise<void>): Promise<boolean> {
    const key = this.keyspace.lock(name);
    const token = randomUUID();
    if ((await ask(() => this.redis.set(key, token, 'PX', ttlMs, 'NX'))) === null) return false;
    try {
      await action();
    } finally {
      // Left to expire if Redis is away.
      await this.redis.chorusUnlock(1, key, token).catch(() => undefined);
    }
    return true;
  }

  async close(): Promise<void> {}

  #markers(): string[] {
    return Array.from({ length: PARTITIONS }, (_, partition) => this.keyspace.mirrorMarker(partition));
  }

  /** Milliseconds since 1970 by the clock of Redis: replicas of the API need not agree on the time. */
  async #now(): Promise<number> {
    const [seconds, micros] = await ask(() => this.redis.time());
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }
}

async function ask<T>(command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    throw new BrokerUnavailableError(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}
