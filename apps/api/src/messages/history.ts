import type { RoomHistory, StoredMessage } from '@chorus/broker';
import { formatPosition, isAfter, type MessageFrame, type Position, readMessage } from '@chorus/protocol';
import type { MessageRepository } from './repository.js';

const decoder = new TextDecoder();

/**
 * A room's messages: the recent history in Redis and the archive in PostgreSQL merged into one.
 * Redis is read first: a message that was trimmed by then is in PostgreSQL. Both are always read and merged by
 * position, because neither merely continues the other: messages can be archived between the two reads, and a Redis
 * that was restored with older data lacks some in the middle.
 * Every method rejects when either store cannot be reached.
 */
export class MessageHistory {
  constructor(
    private readonly recent: RoomHistory,
    private readonly archive: MessageRepository,
  ) {}

  /** Returns the last messages before a position, or of the room, at most `limit`, oldest first. */
  async before(roomId: number, before: Position | undefined, limit: number): Promise<MessageFrame[]> {
    const recent = await this.recent.before(roomId, before, limit);
    const archived = await this.archive.before(roomId, before, limit);
    return merge(read(roomId, recent), archived).slice(-limit);
  }

  /** Returns the first messages after a position, at most `limit`, oldest first. */
  async after(roomId: number, after: Position, limit: number): Promise<MessageFrame[]> {
    const next = { epoch: after.epoch, seq: after.seq + 1 };
    const recent = await this.recent.from(roomId, next, limit);
    const archived = await this.archive.after(roomId, after, limit);
    return merge(read(roomId, recent), archived).slice(0, limit);
  }
}

function read(roomId: number, stored: readonly StoredMessage[]): MessageFrame[] {
  return stored.map((message) => readMessage(roomId, message, decoder.decode(message.frame)).message);
}

/** Returns the messages of both in order, duplicates once. */
function merge(recent: readonly MessageFrame[], archived: readonly MessageFrame[]): MessageFrame[] {
  const byPlace = new Map<string, MessageFrame>();
  for (const message of [...archived, ...recent]) byPlace.set(formatPosition(message), message);
  return [...byPlace.values()].sort((a, b) => (isAfter(a, b) ? 1 : -1));
}
