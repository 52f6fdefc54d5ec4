import type { Position, StoredMessage } from '../broker.js';
import type { RoomHistory } from '../room-history.js';
import type { MemoryRoomStore } from './room-store.js';

/** The recent history within one process. */
export class MemoryRoomHistory implements RoomHistory {
  constructor(private readonly rooms: MemoryRoomStore) {}

  async before(roomId: number, before: Position | undefined, limit: number): Promise<StoredMessage[]> {
    return this.rooms.room(roomId)?.before(before, limit) ?? [];
  }

  async fromEach(
    rooms: ReadonlyArray<{ readonly roomId: number; readonly from: Position }>,
    limit: number,
  ): Promise<StoredMessage[][]> {
    return Promise.all(rooms.map(({ roomId, from }) => this.from(roomId, from, limit)));
  }

  async from(roomId: number, from: Position, limit: number): Promise<StoredMessage[]> {
    return this.rooms.room(roomId)?.from(from, limit) ?? [];
  }
}
