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
import { parseLease, Registration, randomWeight } from './registration.js';
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
    const { stands, leaseLost, leftMs } = await this.#extend(held, ttlMs);
    if (stands) return { entries: 'kept', leftMs };
    const entries = (await this.#wasReaped(held)) ? 'reaped' : 'missing';
    // The old registration, as far as it exists, was just renewed: its entries count until they are written again.
    await this.#register(nodeId, held, ttlMs, leaseLost && entries === 'missing');
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
      this.#keys.journal(partition),
      this.#keys.journalFlag(partition),
      ...(again ? held.earlier.map((earlier) => this.#keys.closed(partition, earlier)) : []),
    ];
    await this.#change(held, partition, async (weight) => {
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
          weight,
        ),
      );
      if (added === -1) throw new NoLeaseError(nodeId);
      return added;
    });
  }

  async leave(nodeId: string, roomId: number, member: Member, certain = false): Promise<number> {
    const held = this.#registrations.get(nodeId);
    // Without a registration the node never wrote an entry.
    if (held === undefined) return 0;
    const partition = partitionOf(roomId);
    let waitMs = 0;
    await this.#change(held, partition, async (weight) => {
      const [removed, , wait] = await call(() =>
        this.#redis.chorusPresenceLeave(
          7,
          this.#keys.members(roomId),
          this.#keys.node(partition, held.id),
          this.#target.channel(roomId),
          this.#keys.process(partition),
          this.#keys.leases(partition),
          this.#keys.journal(partition),
          this.#keys.journalFlag(partition),
          held.id,
          roomId,
          this.#target.command,
          this.#announceLimit,
          certain ? '' : held.ttlMs,
          weight,
          held.lease,
          member.id,
          this.#target.envelope(encodePresence('left', roomId, member)),
        ),
      );
      waitMs = wait;
      return removed;
    });
    return waitMs;
  }

  async release(nodeId: string, graceMs: number): Promise<void> {
    const held = this.#registrations.get(nodeId);
    if (held === undefined) return;
    await this.#renew(held, graceMs, held.ttlMs);
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

  /** @param lost whether Redis has lost the lease of the previous registration */
  async #register(
    nodeId: string,
    previous: Registration | undefined,
    ttlMs: number,
    lost = false,
  ): Promise<void> {
    const fresh = new Registration(nodeId, previous);
    const sentAt = performance.now();
    const ends = await everyPartition((partition) =>
      this.#redis.chorusPresenceRegister(
        2,
        this.#keys.leases(partition),
        this.#keys.process(partition),
        fresh.lease,
        ttlMs,
        lost ? '1' : '',
      ),
    );
    fresh.renewed(sentAt, ttlMs, ends);
    this.#registrations.set(nodeId, fresh);
  }

  /** `stands`: the registration exists, and Redis has all changes that it made. `leaseLost`: it does not exist. */
  async #extend(
    held: Registration,
    ttlMs: number,
  ): Promise<{ stands: boolean; leaseLost: boolean; leftMs: number }> {
    const before = held.tallies.map(({ sent, answered }) => ({ sent, quiet: sent === answered }));
    const sentAt = performance.now();
    const leases = await this.#renew(held, ttlMs, ttlMs);
    held.renewed(
      sentAt,
      ttlMs,
      leases.map(([, , end]) => end),
    );
    const stands = held.tallies.every((tally, partition) => {
      const { sent, quiet } = before[partition] ?? {};
      const [changes] = leases[partition] ?? [];
      if (changes === -1) return false;
      // The two sums can be compared only while no call is in flight.
      return !quiet || tally.sent !== sent || changes === tally.changes;
    });
    return {
      stands,
      leaseLost: leases.some(([changes]) => changes === -1),
      leftMs: Math.min(...leases.map(([, leftMs]) => leftMs)),
    };
  }

  async #wasReaped(held: Registration): Promise<boolean> {
    const markers = await everyPartition((partition) =>
      this.#redis.exists(this.#keys.closed(partition, held.id)),
    );
    return markers.includes(1);
  }

  /** @param waitMs how long departures wait when the data may be older @returns state of the lease by partition */
  #renew(held: Registration, ttlMs: number, waitMs: number): Promise<RenewedLease[]> {
    return this.#together((partitions) =>
      this.#redis.chorusPresenceRenew(
        partitions.length * 3,
        ...partitions.flatMap((partition) => [
          this.#keys.leases(partition),
          this.#keys.node(partition, held.id),
          this.#keys.process(partition),
        ]),
        held.lease,
        ttlMs,
        waitMs,
      ),
    );
  }

  /** Sends one command for all partitions; on a Redis Cluster, whose scripts touch one slot, one for each. */
  async #together<T>(ask: (partitions: readonly number[]) => Promise<T[]>): Promise<T[]> {
    const groups = this.#redis.isCluster ? ALL_PARTITIONS.map((partition) => [partition]) : [ALL_PARTITIONS];
    const none: T[] = [];
    return none.concat(...(await call(() => Promise.all(groups.map(ask)))));
  }

  /** @param send with the weight of the change; resolves to the number of changes that it made: 0 or 1 */
  async #change(
    held: Registration,
    partition: number,
    send: (weight: number) => Promise<number>,
  ): Promise<void> {
    const tally = held.tallies[partition];
    if (tally === undefined) return;
    tally.sent++;
    const weight = randomWeight();
    try {
      // Not `+= await`: it would add to the count as it was before the wait.
      const changes = await send(weight);
      tally.changes += changes * weight;
    } finally {
      tally.answered++;
    }
  }
}

function everyPartition<T>(action: (partition: number) => Promise<T>): Promise<T[]> {
  return call(() => Promise.all(ALL_PARTITIONS.map(action)));
}
