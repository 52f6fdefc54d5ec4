import { encodePresence, type Member } from '@chorus/protocol';
import { ALL_PARTITIONS, call, type Keyspace, partitionOf, type RedisClient } from '@chorus/redis';
import {
  ANNOUNCE_LIMIT,
  NoLeaseError,
  type PresenceStore,
  type Renewal,
  type RoomSize,
} from '../presence-store.js';
import { PresenceKeys } from './keys.js';
import type { NoticeTarget } from './notice-target.js';
import { RedisReader } from './reader.js';
import { RedisReaper } from './reaper.js';
import { parseLease, Registration } from './registration.js';
import { definePresenceScripts, type RenewedLease } from './scripts.js';

export interface RedisPresenceOptions {
  keyspace: Keyspace;
  /** Target of joined and left notices. */
  noticeTarget: NoticeTarget;
  /** Rooms with more members get no announcements. Default {@link ANNOUNCE_LIMIT}. */
  announceLimit?: number;
}

/** Presence in Redis 7, one server or a Redis Cluster. The connection is shared and stays open. */
export class RedisPresenceStore implements PresenceStore {
  readonly #redis: RedisClient;
  readonly #target: NoticeTarget;
  readonly #announceLimit: number;
  readonly #keys: PresenceKeys;
  readonly #reader: RedisReader;
  readonly #reaper: RedisReaper;
  readonly #registrations = new Map<string, Registration>();

  constructor(redis: RedisClient, options: RedisPresenceOptions) {
    definePresenceScripts(redis);
    this.#redis = redis;
    this.#target = options.noticeTarget;
    this.#announceLimit = options.announceLimit ?? ANNOUNCE_LIMIT;
    this.#keys = new PresenceKeys(options.keyspace);
    this.#reader = new RedisReader(redis, this.#keys);
    this.#reaper = new RedisReaper(redis, this.#keys, options.noticeTarget, this.#announceLimit);
  }

  async renew(nodeId: string, ttlMs: number): Promise<Renewal> {
    const held = this.#registrations.get(nodeId);
    if (held === undefined) {
      await this.#register(nodeId, undefined, ttlMs);
      return { entries: 'missing', leftMs: 0 };
    }
    const { stands, leftMs } = await this.#extend(held, ttlMs);
    if (stands) return { entries: 'kept', leftMs };
    const entries = (await this.#wasReaped(held)) ? 'reaped' : 'missing';
    // The old registration, as far as it exists, was just renewed: its entries count until they are written again.
    await this.#register(nodeId, held, ttlMs);
    return { entries, leftMs };
  }

  async join(nodeId: string, roomId: number, member: Member, again = false): Promise<void> {
    const held = this.#registrations.get(nodeId);
    if (held === undefined) throw new NoLeaseError(nodeId);
    const partition = partitionOf(roomId);
    const keys = [
      this.#keys.leases(partition),
      this.#keys.members(roomId),
      this.#keys.node(partition, held.id),
      this.#target.channel(roomId),
      ...(again ? held.earlier.map((earlier) => this.#keys.closed(partition, earlier)) : []),
    ];
    await this.#change(held, partition, async () => {
      const added = await call(() =>
        this.#redis.chorusPresenceJoin(
          keys.length,
          ...keys,
          held.lease,
          held.id,
          roomId,
          member.id,
          member.username,
          this.#target.command,
          this.#target.envelope(encodePresence('joined', roomId, member)),
          again ? '1' : '',
          this.#announceLimit,
        ),
      );
      if (added === -1) throw new NoLeaseError(nodeId);
      return added;
    });
  }

  async leave(nodeId: string, roomId: number, member: Member): Promise<void> {
    const held = this.#registrations.get(nodeId);
    // Without a registration the node never wrote an entry.
    if (held === undefined) return;
    const partition = partitionOf(roomId);
    await this.#change(held, partition, async () => {
      const [removed] = await call(() =>
        this.#redis.chorusPresenceLeave(
          3,
          this.#keys.members(roomId),
          this.#keys.node(partition, held.id),
          this.#target.channel(roomId),
          held.id,
          roomId,
          this.#target.command,
          this.#announceLimit,
          member.id,
          this.#target.envelope(encodePresence('left', roomId, member)),
        ),
      );
      return removed;
    });
  }

  async release(nodeId: string, graceMs: number): Promise<void> {
    const held = this.#registrations.get(nodeId);
    if (held === undefined) return;
    await this.#renew(held, graceMs);
    this.#registrations.delete(nodeId);
  }

  members(roomId: number, after: number, limit: number): Promise<Member[]> {
    return this.#reader.members(roomId, after, limit);
  }

  everyone(after: number, limit: number): Promise<Member[]> {
    return this.#reader.everyone(after, limit);
  }

  busiest(limit: number): Promise<RoomSize[]> {
    return this.#reader.busiest(limit);
  }

  async expired(): Promise<string[]> {
    const leases = await this.#together((partitions) =>
      this.#redis.chorusPresenceExpired(
        partitions.length,
        ...partitions.map((partition) => this.#keys.leases(partition)),
      ),
    );
    return [...new Set(leases.flat().map((lease) => parseLease(lease).nodeId))];
  }

  async reap(nodeId: string, by: string): Promise<number> {
    const reaper = this.#registrations.get(by);
    if (reaper === undefined) return 0;
    const announced = await everyPartition((partition) =>
      this.#reaper.reap(partition, nodeId, () => reaper.proofOfLife(partition)),
    );
    return announced.reduce((sum, count) => sum + count, 0);
  }

  async close(): Promise<void> {}

  async #register(nodeId: string, previous: Registration | undefined, ttlMs: number): Promise<void> {
    const fresh = new Registration(nodeId, previous);
    const sentAt = performance.now();
    const ends = await everyPartition((partition) =>
      this.#redis.chorusPresenceRegister(1, this.#keys.leases(partition), fresh.lease, ttlMs),
    );
    fresh.renewed(sentAt, ttlMs, ends);
    this.#registrations.set(nodeId, fresh);
  }

  /** `stands`: the registration exists, and Redis has all changes that it made. */
  async #extend(held: Registration, ttlMs: number): Promise<{ stands: boolean; leftMs: number }> {
    const before = held.tallies.map(({ sent, answered }) => ({ sent, quiet: sent === answered }));
    const sentAt = performance.now();
    const leases = await this.#renew(held, ttlMs);
    held.renewed(
      sentAt,
      ttlMs,
      leases.map(([, , end]) => end),
    );
    const stands = held.tallies.every((tally, partition) => {
      const { sent, quiet } = before[partition] ?? {};
      const [changes] = leases[partition] ?? [];
      if (changes === -1) return false;
      // The two counts can be compared only while no call is in flight.
      return !quiet || tally.sent !== sent || changes === tally.changes;
    });
    return { stands, leftMs: Math.min(...leases.map(([, leftMs]) => leftMs)) };
  }

  async #wasReaped(held: Registration): Promise<boolean> {
    const markers = await everyPartition((partition) =>
      this.#redis.exists(this.#keys.closed(partition, held.id)),
    );
    return markers.includes(1);
  }

  /** @returns state of the lease by partition */
  #renew(held: Registration, ttlMs: number): Promise<RenewedLease[]> {
    return this.#together((partitions) =>
      this.#redis.chorusPresenceRenew(
        partitions.length * 2,
        ...partitions.flatMap((partition) => [
          this.#keys.leases(partition),
          this.#keys.node(partition, held.id),
        ]),
        held.lease,
        ttlMs,
      ),
    );
  }

  /** Sends one command for all partitions; on a Redis Cluster, whose scripts touch one slot, one for each. */
  async #together<T>(ask: (partitions: readonly number[]) => Promise<T[]>): Promise<T[]> {
    const groups = this.#redis.isCluster ? ALL_PARTITIONS.map((partition) => [partition]) : [ALL_PARTITIONS];
    const none: T[] = [];
    return none.concat(...(await call(() => Promise.all(groups.map(ask)))));
  }

  async #change(held: Registration, partition: number, send: () => Promise<number>): Promise<void> {
    const tally = held.tallies[partition];
    if (tally === undefined) return;
    tally.sent++;
    try {
      // Not `+= await`: it would add to the count as it was before the wait.
      const changes = await send();
      tally.changes += changes;
    } finally {
      tally.answered++;
    }
  }
}

function everyPartition<T>(action: (partition: number) => Promise<T>): Promise<T[]> {
  return call(() => Promise.all(ALL_PARTITIONS.map(action)));
}
