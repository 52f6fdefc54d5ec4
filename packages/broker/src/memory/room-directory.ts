import type { RoomKind } from '@chorus/protocol';
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
import type { MemoryRoomStore } from './room-store.js';

/** The mirror of rooms within one process, shared by all users of one {@link MemoryRoomStore}. */
export class MemoryRoomDirectory implements RoomDirectory {
  constructor(
    private readonly rooms: MemoryRoomStore,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async begin(roomIds: readonly number[]): Promise<void> {
    for (const roomId of roomIds) {
      // Always increases, also within one millisecond: settle() detects by it whether another change has begun.
      this.rooms.pending.set(roomId, Math.max(this.now(), (this.rooms.pending.get(roomId) ?? 0) + 0.001));
    }
  }

  async ensure(
    roomId: number,
    seq: number,
    generation?: number,
    kind?: RoomKind,
    size?: RoomSize,
  ): Promise<boolean> {
    return this.rooms.ensure(roomId, seq, generation, kind, size);
  }

  async setSize(roomId: number, size: RoomSize): Promise<void> {
    const room = this.rooms.room(roomId);
    if (room !== undefined) room.size = size;
  }

  async setRetention(roomId: number, days: number | null): Promise<void> {
    this.rooms.setRetention(roomId, days ?? undefined);
  }

  async restoreRetentions(rooms: ReadonlyMap<number, number>): Promise<void> {
    for (const roomId of new Set([...this.rooms.retentions.keys(), ...rooms.keys()])) {
      this.rooms.setRetention(roomId, rooms.get(roomId));
    }
  }

  async bringIn(rooms: readonly MirroredRoom[], now: number): Promise<BroughtIn[]> {
    return rooms.map((room) => this.rooms.bringIn(room, now));
  }

  async restore(restoration: Restoration, now: number): Promise<boolean> {
    return this.rooms.restore(restoration, now);
  }

  async wanted(): Promise<number[]> {
    return [...this.rooms.wanted].slice(0, 200);
  }

  /** Memory has no connection that could be lost. */
  onConnected(): () => void {
    return () => undefined;
  }

  async remove(roomId: number, which?: number | 'stale'): Promise<void> {
    const generation = this.rooms.generation(roomId);
    if (this.rooms.remove(roomId, which)) await this.announce(roomDeleted(roomId, generation));
  }

  async announceMembers(roomId: number, userIds: readonly number[]): Promise<void> {
    for (const userId of userIds) this.rooms.channels.activity({ kind: 'added', roomId, userId });
  }

  async announce(event: ControlEvent): Promise<void> {
    this.rooms.channels.control(event);
  }

  async pending(minAgeMs: number, limit: number): Promise<PendingChange[]> {
    const now = this.now();
    const changes = [...this.rooms.pending].map(([roomId, since]) => ({ roomId, since }));
    // Changes that began more than a second in the future began before the clock was set back.
    return changes
      .filter(({ since }) => Math.floor(since) <= now - minAgeMs || since > now + 1_000)
      .sort((a, b) => a.since - b.since)
      .slice(0, limit);
  }

  async settle(changes: readonly PendingChange[]): Promise<void> {
    for (const { roomId, since } of changes) {
      if (this.rooms.pending.get(roomId) === since) this.rooms.pending.delete(roomId);
    }
  }

  async isComplete(): Promise<boolean> {
    return this.rooms.complete;
  }

  async markComplete(): Promise<void> {
    this.rooms.complete = true;
  }

  async exclusively(name: string, _ttlMs: number, action: () => Promise<void>): Promise<boolean> {
    if (this.rooms.locks.has(name)) return false;
    this.rooms.locks.add(name);
    try {
      await action();
    } finally {
      this.rooms.locks.delete(name);
    }
    return true;
  }

  async close(): Promise<void> {}
}
