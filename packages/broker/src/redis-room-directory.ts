import { randomUUID } from 'node:crypto';
import type { RedisClient } from '@chorus/service';
import type { ControlEvent } from './broker.js';
import { type Keyspace, PARTITIONS } from './keys.js';
import { ask } from './redis-ask.js';
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
    await ask(() => this.redis.chorusBegin(1, this.keyspace.pendingChanges(), ...roomIds));
  }

  async ensure(roomId: number, seq: number): Promise<boolean> {
    const keys = this.keyspace.allOf(roomId, this.redis.isCluster);
    return (await ask(() => this.redis.chorusEnsureRoom(keys.length, ...keys, roomId, seq))) === 1;
  }

  async remove(roomId: number): Promise<void> {
    const keys = this.keyspace.allOf(roomId, this.redis.isCluster);
    while ((await ask(() => this.redis.chorusRemoveRoom(keys.length, ...keys, roomId))) === 1);
    await this.announce({ type: 'room-deleted', roomId });
  }

  async announce(event: ControlEvent): Promise<void> {
    const channel = this.keyspace.control();
    const payload = JSON.stringify(event);
    if (this.redis.isCluster) await ask(() => this.redis.spublish(channel, payload));
    else await ask(() => this.redis.publish(channel, payload));
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
    return (await this.#mirror('check')).every((complete) => complete === 1);
  }

  async markComplete(): Promise<void> {
    await this.#mirror('mark');
  }

  async exclusively(name: string, ttlMs: number, action: () => Promise<void>): Promise<boolean> {
    const key = this.keyspace.lock(name);
    const token = randomUUID();
    if ((await ask(() => this.redis.set(key, token, 'PX', ttlMs, 'NX'))) === null) return false;
    const extending = setInterval(() => {
      this.redis.chorusExtend(1, key, token, ttlMs).catch(() => undefined);
    }, ttlMs / 3);
    try {
      await action();
    } finally {
      clearInterval(extending);
      // Left to expire if Redis is away.
      await this.redis.chorusUnlock(1, key, token).catch(() => undefined);
    }
    return true;
  }

  async close(): Promise<void> {}

  #mirror(action: 'check' | 'mark'): Promise<number[]> {
    const partitions = this.redis.isCluster ? Array.from({ length: PARTITIONS }, (_, at) => at) : [undefined];
    const states = partitions.map((partition) => this.keyspace.state(partition));
    return ask(() => Promise.all(states.map((state) => this.redis.chorusMirror(1, state, action))));
  }

  /** Milliseconds since 1970 by the clock of Redis: replicas of the API need not agree on the time. */
  async #now(): Promise<number> {
    const [seconds, micros] = await ask(() => this.redis.time());
    return Number(seconds) * 1000 + Number(micros) / 1000;
  }
}
