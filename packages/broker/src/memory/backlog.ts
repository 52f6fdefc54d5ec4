import type { HistoryLimits } from '../archive-queue.js';
import type { Position } from '../broker.js';
import type { MemoryRoom } from './room.js';

/** One moment by two clocks, in milliseconds: since 1970, and by one that nobody sets. */
export interface Moment {
  readonly now: number;
  readonly ticks: number;
}

/** Which rooms wait to be archived, and how much: for `MemoryRooms` what the scripts keep in Redis. */
export class MemoryBacklog {
  /** Of all messages after their room's watermark, as they count for the budget. */
  bytes = 0;
  /** From when on each room with such messages may be claimed; while it is claimed, when the lease ends. In ticks. */
  readonly #claimable = new Map<number, number>();
  /** When a stored message of the room will be too old, in ticks. */
  readonly #expiring = new Map<number, number>();

  get rooms(): number {
    return this.#claimable.size;
  }

  /** The rooms that have been claimable for longest. */
  longest(most: number): number[] {
    const rooms = [...this.#claimable].sort(([, a], [, b]) => a - b);
    return rooms.slice(0, most).map(([roomId]) => roomId);
  }

  /** A message was published. */
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

  /** @returns whether the room got further */
  settle(
    roomId: number,
    room: MemoryRoom,
    upTo: Position,
    keep: HistoryLimits,
    { now, ticks }: Moment,
  ): boolean {
    const bytes = room.settle(upTo);
    this.bytes -= bytes;
    const tooOldAt = room.trim(keep, now);
    if (tooOldAt === undefined) this.#expiring.delete(roomId);
    else this.#expiring.set(roomId, ticks + (tooOldAt - now));
    if (room.isSettled) this.#claimable.delete(roomId);
    else this.#claimable.set(roomId, ticks);
    return bytes > 0;
  }

  forget(roomId: number, room: MemoryRoom): void {
    this.bytes -= room.unstoredBytes;
    this.#claimable.delete(roomId);
    this.#expiring.delete(roomId);
  }
}
