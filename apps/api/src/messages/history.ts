import type { RoomHistory, StoredMessage } from '@chorus/broker';
import {
  formatPosition,
  isAfter,
  isChangeFrame,
  type MessageFrame,
  type Position,
  readMessage,
} from '@chorus/protocol';
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
    const recent = await this.#recentBefore(roomId, before, limit);
    const archived = await this.archive.before(roomId, before, limit);
    return merge(recent, archived).slice(-limit);
  }

  /** Returns the first messages after a position, at most `limit`, oldest first. */
  async after(roomId: number, after: Position, limit: number): Promise<MessageFrame[]> {
    const next = { epoch: after.epoch, seq: after.seq + 1 };
    const recent = await this.#recentFrom(roomId, next, limit);
    const archived = await this.archive.after(roomId, after, limit);
    return merge(recent, archived).slice(0, limit);
  }

  /** The recent history holds changes as well: it is read on until there are enough messages. */
  async #recentBefore(roomId: number, before: Position | undefined, limit: number): Promise<MessageFrame[]> {
    let messages: MessageFrame[] = [];
    for (let end = before; ; ) {
      const page = await this.recent.before(roomId, end, limit);
      messages = [...messagesOf(roomId, page), ...messages];
      const [first] = page;
      if (first === undefined || page.length < limit || messages.length >= limit) return messages;
      end = first;
    }
  }

  async #recentFrom(roomId: number, from: Position, limit: number): Promise<MessageFrame[]> {
    const messages: MessageFrame[] = [];
    for (let start = from; ; ) {
      const page = await this.recent.from(roomId, start, limit);
      messages.push(...messagesOf(roomId, page));
      const last = page.at(-1);
      if (last === undefined || page.length < limit || messages.length >= limit) return messages;
      start = { epoch: last.epoch, seq: last.seq + 1 };
    }
  }
}

function messagesOf(roomId: number, stored: readonly StoredMessage[]): MessageFrame[] {
  return stored
    .filter(({ frame }) => !isChangeFrame(frame))
    .map((message) => readMessage(roomId, message, decoder.decode(message.frame)).message);
}

/** Returns the messages of both in order, duplicates once. */
function merge(recent: readonly MessageFrame[], archived: readonly MessageFrame[]): MessageFrame[] {
  const byPlace = new Map<string, MessageFrame>();
  // The archived one has its changes.
  for (const message of [...recent, ...archived]) byPlace.set(formatPosition(message), message);
  return [...byPlace.values()].sort((a, b) => (isAfter(a, b) ? 1 : -1));
}
