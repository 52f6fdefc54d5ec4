import type { Member } from '@chorus/protocol';
import {
  ALL_PARTITIONS,
  callAll,
  milliseconds,
  partitionOf,
  type RedisClient,
  type ServerTime,
} from '@chorus/redis';
import { pageOf } from '../page.js';
import { byMembers, type RoomSize } from '../presence-store.js';
import type { PresenceKeys } from './keys.js';
import { parseEntry, parseLease } from './registration.js';

/** Rooms read in one round trip. */
const ROOMS_AT_ONCE = 100;

/**
 * Answers which members are present. Redis returns whole rooms, and this process filters and sorts them: Redis has
 * one thread for all clients, and a script over a large room would block it for longer.
 */
export class RedisReader {
  constructor(
    private readonly redis: RedisClient,
    private readonly keys: PresenceKeys,
  ) {}

  /** Reads leases and members in one transaction, so that a user who changes nodes is never missing. */
  async members(roomId: number, after: number, limit: number): Promise<Member[]> {
    const [time, leases, entries] = await callAll<[ServerTime, string[], Entries]>(
      this.redis,
      this.redis
        .multi()
        .time()
        .zrange(this.keys.leases(partitionOf(roomId)), 0, -1, 'WITHSCORES')
        .hgetall(this.keys.members(roomId)),
    );
    const found = new Map<number, string>();
    collect(found, entries, liveRegistrations(time, leases));
    return pageOf(found, after, limit);
  }

  /**
   * Derived from the rooms. A list of connected users per node would answer faster. But it would lie in other hash
   * slots than the rooms, could not change in one step with them, would need its own repair after every failure, and
   * cost one more write and more memory per member.
   */
  async everyone(after: number, limit: number): Promise<Member[]> {
    const pages = await Promise.all(
      ALL_PARTITIONS.map((partition) => this.#everyoneIn(partition, after, limit)),
    );
    return pageOf(new Map(pages.flat().map(({ id, username }) => [id, username])), after, limit);
  }

  /**
   * Combines two counts: the sum over live nodes counts a user on several nodes more than once, and a room's hash
   * also counts users on dead nodes. The smaller is right unless both happen at once.
   */
  async busiest(limit: number): Promise<RoomSize[]> {
    const sizes = await Promise.all(ALL_PARTITIONS.map((partition) => this.#busiestIn(partition, limit)));
    return sizes.flat().sort(byMembers).slice(0, limit);
  }

  async #busiestIn(partition: number, limit: number): Promise<RoomSize[]> {
    const live = await this.#live(partition);
    if (live.size === 0) return [];
    const counts = await callAll<Entries[]>(
      this.redis,
      [...live].reduce((pipe, id) => pipe.hgetall(this.keys.node(partition, id)), this.redis.pipeline()),
    );
    const sums = new Map<number, number>();
    for (const [room, count] of counts.flatMap((node) => Object.entries(node))) {
      // The field `changes` is not a room id and becomes NaN.
      if (Number(room) > 0) sums.set(Number(room), (sums.get(Number(room)) ?? 0) + Number(count));
    }
    // Reads twice the limit: a room with users on several nodes is smaller than its sum.
    const first = [...sums]
      .map(([roomId, members]) => ({ roomId, members }))
      .sort(byMembers)
      .slice(0, limit * 2);
    if (first.length === 0) return [];
    const lengths = await callAll<number[]>(
      this.redis,
      first.reduce((pipe, { roomId }) => pipe.hlen(this.keys.members(roomId)), this.redis.pipeline()),
    );
    return first
      .map(({ roomId, members }, at) => ({ roomId, members: Math.min(members, lengths[at] ?? 0) }))
      .filter(({ members }) => members > 0)
      .sort(byMembers)
      .slice(0, limit);
  }

  async #live(partition: number): Promise<Set<string>> {
    const [time, leases] = await callAll<[ServerTime, string[]]>(
      this.redis,
      this.redis.multi().time().zrange(this.keys.leases(partition), 0, -1, 'WITHSCORES'),
    );
    return liveRegistrations(time, leases);
  }

  async #everyoneIn(partition: number, after: number, limit: number): Promise<Member[]> {
    const live = await this.#live(partition);
    if (live.size === 0) return [];
    const fields = await callAll<string[][]>(
      this.redis,
      [...live].reduce((pipe, id) => pipe.hkeys(this.keys.node(partition, id)), this.redis.pipeline()),
    );
    // The field `changes` is not a room id and becomes NaN.
    const rooms = [...new Set(fields.flat().map(Number))].filter((id) => id > 0);
    const found = new Map<number, string>();
    for (let at = 0; at < rooms.length; at += ROOMS_AT_ONCE) {
      const read = this.redis.pipeline();
      for (const roomId of rooms.slice(at, at + ROOMS_AT_ONCE)) read.hgetall(this.keys.members(roomId));
      for (const entries of await callAll<Entries[]>(this.redis, read)) collect(found, entries, live);
    }
    return pageOf(found, after, limit);
  }
}

type Entries = Record<string, string>;

/** @param leases lease, end, lease, end, … */
function liveRegistrations(time: ServerTime, leases: readonly string[]): Set<string> {
  const now = milliseconds(time);
  const live = new Set<string>();
  for (let at = 0; at < leases.length; at += 2) {
    if (Number(leases[at + 1]) > now) live.add(parseLease(leases[at] ?? '').registration);
  }
  return live;
}

function collect(found: Map<number, string>, entries: Entries, live: ReadonlySet<string>): void {
  for (const [id, value] of Object.entries(entries)) {
    const { registrations, username } = parseEntry(value);
    if (registrations.some((registration) => live.has(registration))) found.set(Number(id), username);
  }
}
