import { UnavailableError } from '@chorus/redis';
import { isAfter, type Position, RoomNotFoundError } from '../broker.js';
import type { ReadMark, ReadPositions, UserReadMark } from '../read-positions.js';
import type { MemoryRoomStore } from './room-store.js';

/** Read positions within one process, shared by all users of one {@link MemoryRoomStore}. */
export class MemoryReadPositions implements ReadPositions {
  static #marks = 0;

  constructor(private readonly rooms: MemoryRoomStore) {}

  async mark(roomId: number, userId: number, given: Position, unread: boolean): Promise<ReadMark> {
    const newest = this.rooms.standing(roomId)?.at;
    if (newest === undefined) {
      if (!this.rooms.isAwaited(roomId)) throw new RoomNotFoundError(roomId);
      throw new UnavailableError('the rooms are being restored');
    }
    const key = keyOf(roomId, userId);
    const { epoch, seq } = isAfter(given, newest) ? newest : given;
    const held = this.rooms.reads.get(key);
    this.rooms.storing?.admit();
    if (held !== undefined && !unread && !isAfter({ epoch, seq }, held)) {
      await this.rooms.storing?.waitForRead(key);
      return markOf(held);
    }
    const n = this.rooms.room(roomId)?.ordinalAt({ epoch, seq });
    const unreadAt = unread ? newest : held?.unreadAt;
    const version = String(MemoryReadPositions.#marks++);
    this.rooms.reads.set(key, { roomId, userId, epoch, seq, n, unreadAt, version });
    await this.rooms.storing?.waitForRead(key);
    this.#announce(roomId, userId, { epoch, seq, n, unread });
    return { epoch, seq, n, unreadAt };
  }

  async ofUser(userId: number, roomIds: readonly number[]): Promise<Map<number, ReadMark>> {
    return this.#found(roomIds, (roomId) => keyOf(roomId, userId));
  }

  async ofRoom(roomId: number, userIds: readonly number[]): Promise<Map<number, ReadMark>> {
    return this.#found(userIds, (userId) => keyOf(roomId, userId));
  }

  async unsettled(limit: number): Promise<UserReadMark[]> {
    return [...this.rooms.reads.values()].slice(0, limit);
  }

  async settle(marks: readonly UserReadMark[]): Promise<void> {
    for (const { roomId, userId, version } of marks) {
      const key = keyOf(roomId, userId);
      if (this.rooms.reads.get(key)?.version !== version) continue;
      this.rooms.reads.delete(key);
      this.rooms.storing?.resolveReads(key);
    }
  }

  #announce(
    roomId: number,
    userId: number,
    { epoch, seq, n, unread }: Position & { n: number | undefined; unread: boolean },
  ): void {
    const { channels } = this.rooms;
    channels.activity({ kind: 'read', roomId, userId, epoch, seq, n, unread });
    if (this.rooms.room(roomId)?.size !== 'small') return;
    const more = { ...(n === undefined ? {} : { n }), ...(unread ? { unread } : {}) };
    this.rooms.notice(roomId, JSON.stringify({ type: 'read', roomId, userId, epoch, seq, ...more }));
  }

  #found(ids: readonly number[], key: (id: number) => string): Map<number, ReadMark> {
    const found = new Map<number, ReadMark>();
    // What is not stored is seen by no user.
    if (this.rooms.storing !== undefined) return found;
    for (const id of ids) {
      const mark = this.rooms.reads.get(key(id));
      if (mark !== undefined) found.set(id, markOf(mark));
    }
    return found;
  }
}

const keyOf = (roomId: number, userId: number): string => `${roomId}:${userId}`;

function markOf({ epoch, seq, n, unreadAt }: ReadMark): ReadMark {
  return { epoch, seq, n, unreadAt };
}
