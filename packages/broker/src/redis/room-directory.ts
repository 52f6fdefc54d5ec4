import { randomUUID } from 'node:crypto';
import type { RoomKind } from '@chorus/protocol';
import {
  allScopes,
  call,
  type Keyspace,
  milliseconds,
  publishCommand,
  type RedisClient,
  scopeOf,
} from '@chorus/redis';
import type { ControlEvent } from '../broker.js';
import { roomDeleted } from '../control-event.js';
import type {
  BroughtIn,
  MirroredRoom,
  PendingChange,
  Restoration,
  RoomDirectory,
  RoomSize,
} from '../room-directory.js';
import { addedLine } from './activity-lines.js';
import { BrokerKeys } from './keys.js';
import { bringInRooms, restoreRoom } from './room-restoring.js';
import { defineBrokerScripts } from './scripts.js';
import { lettersOf } from './traits.js';

/** A change that began this much later than now, in milliseconds, began before the clock was set back. */
const CLOCK_STEP_MS = 1_000;
/** Rooms whose retention is set at once. */
const RETENTIONS_AT_ONCE = 1_000;
/** Maximum number of wanted rooms returned at once; per partition in a Redis Cluster. */
const MOST_WANTED = 200;

/** The mirror of rooms in Redis. The connection belongs to the caller. */
export class RedisRoomDirectory implements RoomDirectory {
  readonly #keys: BrokerKeys;

  constructor(
    private readonly redis: RedisClient,
    keyspace: Keyspace,
  ) {
    defineBrokerScripts(redis);
    this.#keys = new BrokerKeys(keyspace);
  }

  async begin(roomIds: readonly number[]): Promise<void> {
    if (roomIds.length === 0) return;
    await call(() => this.redis.chorusBegin(1, this.#keys.pendingChanges(), ...roomIds));
  }

  async ensure(
    roomId: number,
    seq: number,
    generation: number | '' = '',
    kind?: RoomKind,
    size?: RoomSize,
  ): Promise<boolean> {
    const keys = this.#keys.allOf(roomId, this.redis.isCluster);
    const room = [roomId, seq, generation, lettersOf(kind, size)];
    return (await call(() => this.redis.chorusEnsureRoom(keys.length, ...keys, ...room))) === 1;
  }

  async setSize(roomId: number, size: RoomSize): Promise<void> {
    const scope = scopeOf(roomId, this.redis.isCluster);
    const keys = [this.#keys.state(scope), this.#keys.stream(roomId), this.#keys.traits(scope)];
    await call(() => this.redis.chorusSetSize(keys.length, ...keys, roomId, size));
  }

  async setRetention(roomId: number, days: number | null): Promise<void> {
    const { isCluster } = this.redis;
    const scope = scopeOf(roomId, isCluster);
    const keys = [this.#keys.retentions(scope), this.#keys.expiring(scope)];
    const target = [publishCommand(isCluster), this.#keys.channel(roomId)];
    await call(() => this.redis.chorusSetRetention(keys.length, ...keys, roomId, days ?? '', ...target));
  }

  async restoreRetentions(rooms: ReadonlyMap<number, number>): Promise<void> {
    const scopes = allScopes(this.redis.isCluster);
    const known = await call(() =>
      Promise.all(scopes.map((scope) => this.redis.hkeys(this.#keys.retentions(scope)))),
    );
    const ids = [...new Set([...known.flat().map(Number), ...rooms.keys()])];
    for (let at = 0; at < ids.length; at += RETENTIONS_AT_ONCE) {
      const some = ids.slice(at, at + RETENTIONS_AT_ONCE);
      await Promise.all(some.map((id) => this.setRetention(id, rooms.get(id) ?? null)));
    }
  }

  bringIn(rooms: readonly MirroredRoom[], now: number): Promise<BroughtIn[]> {
    return bringInRooms(this.redis, this.#keys, rooms, now);
  }

  restore(restoration: Restoration, now: number): Promise<boolean> {
    return restoreRoom(this.redis, this.#keys, restoration, now);
  }

  async wanted(): Promise<number[]> {
    return (await this.#mirror('check')).flatMap(([, ...rooms]) => rooms.map(Number));
  }

  onConnected(listener: () => void): () => void {
    this.redis.on('ready', listener);
    return () => void this.redis.off('ready', listener);
  }

  async remove(roomId: number, which: number | 'stale' | '' = ''): Promise<void> {
    const keys = this.#keys.allOf(roomId, this.redis.isCluster);
    const some = (): Promise<[outcome: number, generation: string]> =>
      call(() => this.redis.chorusRemoveRoom(keys.length, ...keys, roomId, which));
    let [outcome, generation] = await some();
    while (outcome === 1) [outcome] = await some();
    if (outcome === 0)
      await this.announce(roomDeleted(roomId, generation === '' ? undefined : Number(generation)));
  }

  async announceMembers(roomId: number, userIds: readonly number[]): Promise<void> {
    if (userIds.length === 0) return;
    const { isCluster } = this.redis;
    const channel = this.#keys.activity(scopeOf(roomId, isCluster));
    const payload = userIds.map((userId) => addedLine(roomId, userId)).join('\n');
    await call(() =>
      isCluster ? this.redis.spublish(channel, payload) : this.redis.publish(channel, payload),
    );
  }

  async announce(event: ControlEvent): Promise<void> {
    const channel = this.#keys.control();
    const payload = JSON.stringify(event);
    if (this.redis.isCluster) await call(() => this.redis.spublish(channel, payload));
    else await call(() => this.redis.publish(channel, payload));
  }

  async pending(minAgeMs: number, limit: number): Promise<PendingChange[]> {
    const now = await this.#now();
    const changes = await this.#pendingWithin('-inf', now - minAgeMs, limit);
    if (changes.length >= limit) return changes;
    // Changes that began later than now began before the clock of Redis was set back.
    const later = await this.#pendingWithin(`(${now + CLOCK_STEP_MS}`, '+inf', limit - changes.length);
    return [...changes, ...later];
  }

  async settle(changes: readonly PendingChange[]): Promise<void> {
    if (changes.length === 0) return;
    await call(() =>
      this.redis.chorusSettle(
        1,
        this.#keys.pendingChanges(),
        ...changes.flatMap((change) => [change.roomId, change.since]),
      ),
    );
  }

  async isComplete(): Promise<boolean> {
    return (await this.#mirror('check')).every(([complete]) => complete === 1);
  }

  async markComplete(): Promise<void> {
    await this.#mirror('mark');
  }

  async exclusively(name: string, ttlMs: number, action: () => Promise<void>): Promise<boolean> {
    const key = this.#keys.lock(name);
    const token = await call(() => this.redis.chorusLock(1, key, randomUUID(), ttlMs));
    if (token === null) return false;
    const extending = setInterval(() => {
      this.redis.chorusExtend(1, key, token, ttlMs).catch(() => undefined);
    }, ttlMs / 3);
    try {
      await action();
    } finally {
      clearInterval(extending);
      // The lock expires if Redis cannot be reached.
      await this.redis.chorusUnlock(1, key, token).catch(() => undefined);
    }
    return true;
  }

  async close(): Promise<void> {}

  #mirror(action: 'check' | 'mark'): Promise<Array<[complete: number, ...wanted: string[]]>> {
    const { redis } = this;
    const names = this.#keys;
    return call(() =>
      Promise.all(
        allScopes(redis.isCluster).map((scope) =>
          redis.chorusMirror(2, names.state(scope), names.wanted(scope), action, MOST_WANTED),
        ),
      ),
    );
  }

  async #pendingWithin(from: string, to: number | string, limit: number): Promise<PendingChange[]> {
    const key = this.#keys.pendingChanges();
    const flat = await call(() =>
      this.redis.zrange(key, from, to, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES'),
    );
    const changes: PendingChange[] = [];
    for (let at = 0; at < flat.length; at += 2) {
      changes.push({ roomId: Number(flat[at]), since: Number(flat[at + 1]) });
    }
    return changes;
  }

  /** Milliseconds since 1970 by the clock of Redis: the clocks of API replicas may differ. */
  async #now(): Promise<number> {
    return milliseconds(await call(() => this.redis.time()));
  }
}
