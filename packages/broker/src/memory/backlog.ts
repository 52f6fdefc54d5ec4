import type { HistoryLimits } from '../archive-queue.js';
import type { Position, StoredMessage } from '../broker.js';
import { costOf, costOfStored, hasShare, isCounted, isCrowded, userOf } from '../publishing/backlog-cost.js';
import { bodyOf } from '../publishing/stored-frame.js';
import type { MemoryRoom } from './room.js';

/** One time by two clocks, in milliseconds: since 1970, and by a monotonic clock. */
export interface ClockReadings {
  readonly now: number;
  readonly ticks: number;
}

/** Rooms and bytes that wait to be archived; for `MemoryRoomStore` what the scripts keep in Redis. */
export class MemoryBacklog {
  /** Bytes of all messages after their room's watermark, as they count for the budget. */
  bytes = 0;
  /** Time, in ticks, from which each waiting room may be claimed; for a claimed room, the end of the lease. */
  readonly #claimable = new Map<number, number>();
  /** Time, in ticks, at which a stored message of the room becomes too old. */
  readonly #expiring = new Map<number, number>();
  /** Bytes by user, as far as they were counted. */
  readonly #senders = new Map<string, number>();

  /** @param budget maximum bytes that may wait */
  constructor(private readonly budget: number) {}

  get rooms(): number {
    return this.#claimable.size;
  }

  /** The rooms that have been claimable for longest. */
  longest(most: number): number[] {
    const rooms = [...this.#claimable].sort(([, a], [, b]) => a - b);
    return rooms.slice(0, most).map(([roomId]) => roomId);
  }

  /** Whether one more message fits into the budget, and into the shares of its room and user. */
  admits(room: MemoryRoom, body: string): boolean {
    const { bytes, budget } = this;
    const cost = costOf(body);
    // A single message always fits: otherwise it would be refused for ever.
    if (bytes > 0 && (bytes + cost > budget || isCrowded(room, cost, bytes, budget))) return false;
    if (!isCounted(bytes, budget)) return true;
    return !hasShare(this.#senders.get(userOf(body) ?? '') ?? 0, cost, bytes, budget);
  }

  /** Counts a published message. */
  published(roomId: number, body: string, ticks: number): void {
    const cost = costOf(body);
    if (isCounted(this.bytes, this.budget)) {
      const user = userOf(body);
      if (user !== undefined) this.#senders.set(user, (this.#senders.get(user) ?? 0) + cost);
    } else if (isCounted(this.bytes + cost, this.budget)) {
      // Bytes counted while the budget was fuller may be wrong by now.
      this.#senders.clear();
    }
    this.add(roomId, cost, ticks);
  }

  /** Adds waiting bytes to a room. */
  add(roomId: number, bytes: number, ticks: number): void {
    this.bytes += bytes;
    if (!this.#claimable.has(roomId)) this.#claimable.set(roomId, ticks);
  }

  claim(maxRooms: number, leaseMs: number, ticks: number): number[] {
    for (const [roomId, at] of this.#expiring) {
      if (at > ticks) continue;
      this.#expiring.delete(roomId);
      if (!this.#claimable.has(roomId)) this.#claimable.set(roomId, at);
    }
    const due = [...this.#claimable].filter(([, at]) => at <= ticks).sort(([, a], [, b]) => a - b);
    const claimed = due.slice(0, maxRooms).map(([roomId]) => roomId);
    for (const roomId of claimed) this.#claimable.set(roomId, ticks + leaseMs);
    return claimed;
  }

  /** @returns whether the watermark rose */
  settle(
    roomId: number,
    room: MemoryRoom,
    upTo: Position,
    keep: HistoryLimits,
    { now, ticks }: ClockReadings,
  ): boolean {
    const settled = room.settle(upTo);
    this.takeOff(settled);
    const tooOldAt = room.trim(keep, now);
    if (tooOldAt === undefined) this.#expiring.delete(roomId);
    else this.#expiring.set(roomId, ticks + (tooOldAt - now));
    if (room.isSettled) this.#claimable.delete(roomId);
    else this.#claimable.set(roomId, ticks);
    return settled.length > 0;
  }

  /** Lets the room be claimed, so that its history is trimmed. */
  expire(roomId: number, ticks: number): void {
    this.#expiring.set(roomId, ticks);
  }

  /** Subtracts messages that no longer wait. */
  takeOff(messages: readonly StoredMessage[]): void {
    for (const message of messages) {
      const cost = costOfStored(message);
      this.bytes -= cost;
      const user = this.#senders.size > 0 ? userOf(bodyOf(message)) : undefined;
      if (user === undefined) continue;
      const left = (this.#senders.get(user) ?? 0) - cost;
      if (left > 0) this.#senders.set(user, left);
      else this.#senders.delete(user);
    }
  }

  forget(roomId: number, room: MemoryRoom): void {
    this.takeOff(room.unstoredFrames);
    this.#claimable.delete(roomId);
    this.#expiring.delete(roomId);
  }
}
