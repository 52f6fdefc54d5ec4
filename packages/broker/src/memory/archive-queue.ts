import type { ArchiveQueue, Backlog, BacklogMeasure, HistoryLimits } from '../archive-queue.js';
import type { Position } from '../broker.js';
import type { MemoryRoomStore } from './room-store.js';

/** The queue within one process. */
export class MemoryArchiveQueue implements ArchiveQueue {
  constructor(private readonly rooms: MemoryRoomStore) {}

  async claim(maxRooms: number, maxMessages: number, leaseMs: number): Promise<Backlog[]> {
    return this.rooms.claim(maxRooms, maxMessages, leaseMs);
  }

  async settle(
    roomId: number,
    upTo: Position,
    keep: HistoryLimits,
    _read?: Backlog,
    erased: readonly Position[] = [],
  ): Promise<void> {
    this.rooms.settle(roomId, upTo, keep, erased);
  }

  async backlog(): Promise<{ bytes: number; rooms: number }> {
    return this.rooms.unstored;
  }

  async measure(): Promise<BacklogMeasure> {
    return this.rooms.measure();
  }

  async close(): Promise<void> {}
}
