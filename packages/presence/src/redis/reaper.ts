import { encodePresence } from '@chorus/protocol';
import { callAll, partitionOf, type RedisClient } from '@chorus/redis';
import type { PresenceKeys } from './keys.js';
import type { NoticeTarget } from './notice-target.js';
import { type ProofOfLife, parseEntry, parseLease } from './registration.js';

/** Largest number of entries visited and removed in one step; Redis serves no other client meanwhile. */
const AT_ONCE = 200;
/** How long a node can learn that it was declared dead, in seconds. */
const CLOSED_MARKER_S = 3_600;

/**
 * Removes the entries of dead registrations. Any number of reapers may run this concurrently, die half way or be
 * slow, because of its steps:
 *
 * 1. Close the registration if its lease has ended, judged by data and a clock in which the reaper's own lease is as
 * the reaper knows it. After that Redis refuses its writes, so the next step finds all its entries. A node that
 * resumes writes under another registration.
 * 2. Per room, remove its entries. Each is removed once, and the reaper that removes a user's last entry announces
 * the departure.
 * 3. Forget the registration. Until then it is listed as expired, so that another reaper can finish.
 */
export class RedisReaper {
  constructor(
    private readonly redis: RedisClient,
    private readonly keys: PresenceKeys,
    private readonly target: NoticeTarget,
    private readonly announceLimit: number,
  ) {}

  /** @param by proof of the node that reaps @returns number of departures that this call announced */
  async reap(partition: number, nodeId: string, by: () => ProofOfLife): Promise<number> {
    let announced = 0;
    const leases = this.keys.leases(partition);
    const process = this.keys.process(partition);
    const [ended = []] = await this.redis.chorusPresenceExpired(1, leases);
    for (const lease of ended) {
      const { registration, nodeId: owner } = parseLease(lease);
      if (owner !== nodeId) continue;
      const marker = this.keys.closed(partition, registration);
      const { lease: own, end, latest, ttlMs } = by();
      const closing = [leases, marker, process, lease, CLOSED_MARKER_S, own, end, latest, ttlMs];
      if ((await this.redis.chorusPresenceClose(3, ...closing)) === 0) continue;

      const index = this.keys.node(partition, registration);
      let complete = true;
      for (const field of await this.redis.hkeys(index)) {
        const roomId = Number(field);
        if (!(roomId > 0)) continue;
        const room = await this.#reapRoom(roomId, lease, ttlMs, { leases, process, index });
        announced += room.announced;
        complete &&= room.complete;
      }
      if (complete) await callAll(this.redis, this.redis.multi().del(index).zrem(leases, lease));
    }
    return announced;
  }

  /** @returns `complete`: false if departures have to wait */
  async #reapRoom(
    roomId: number,
    lease: string,
    ttlMs: number,
    { leases, process, index }: { leases: string; process: string; index: string },
  ): Promise<{ announced: number; complete: boolean }> {
    const { registration } = parseLease(lease);
    const members = this.keys.members(roomId);
    let announced = 0;
    let cursor = '0';
    do {
      const [next, found] = await this.redis.hscan(members, cursor, 'COUNT', AT_ONCE);
      cursor = next;
      // Redis returns a small room whole, whatever the count.
      const departures = this.#departures(roomId, registration, found);
      for (let at = 0; at < departures.length; at += 2 * AT_ONCE) {
        const [, count, waitMs] = await this.redis.chorusPresenceLeave(
          7,
          members,
          index,
          this.target.channel(roomId),
          process,
          leases,
          this.keys.journal(partitionOf(roomId)),
          this.keys.journalFlag(partitionOf(roomId)),
          registration,
          roomId,
          this.target.command,
          this.announceLimit,
          ttlMs,
          1,
          lease,
          ...departures.slice(at, at + 2 * AT_ONCE),
        );
        if (waitMs > 0) return { announced, complete: false };
        announced += count;
      }
    } while (cursor !== '0');
    return { announced, complete: true };
  }

  /** Returns the users that the registration holds, each with its announcement. @param found user id, entry, … */
  #departures(roomId: number, registration: string, found: readonly string[]): string[] {
    const departures: string[] = [];
    for (let at = 0; at < found.length; at += 2) {
      const { registrations, username } = parseEntry(found[at + 1] ?? '');
      if (!registrations.includes(registration)) continue;
      const id = found[at] ?? '';
      const frame = encodePresence('left', roomId, { id: Number(id), username });
      departures.push(id, this.target.envelope(frame));
    }
    return departures;
  }
}
