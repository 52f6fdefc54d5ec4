import type { RoomHistory } from '@chorus/broker';
import {
  type CurrentMessage,
  fold,
  formatPosition,
  isAfter,
  type MessageFrame,
  newMessage,
  type Position,
  parsePosition,
} from '@chorus/protocol';
import type { HistoryRoom } from '../rooms/retention.js';
import { type Changes, messagesOf, readTail, type Tail } from './recent-entries.js';
import type { MessageRepository } from './repository.js';

/** Messages that changed, and where the next page continues. */
export interface ChangedPage {
  readonly messages: readonly CurrentMessage[];
  /** Undefined if there are no more at the moment. */
  readonly next: Position | undefined;
}

/**
 * A room's messages as they are now: the recent history in Redis and the archive in PostgreSQL merged into one.
 *
 * Redis has entries that the archiver has not stored yet, the *tail*: it is read between two reads of PostgreSQL, after the one that
 * tells from where on it begins, and before the messages. So an entry that is stored and trimmed meanwhile is seen in one of the two, and
 * one that is seen in both is applied once. Every message before the tail is in PostgreSQL. Only of a tail that is too long, messages
 * are read from Redis page by page.
 *
 * Every method rejects when either store cannot be reached.
 */
export class MessageHistory {
  constructor(
    private readonly recent: RoomHistory,
    private readonly archive: MessageRepository,
  ) {}

  /** Returns the last messages before a position, or of the room, at most `limit`, oldest first. */
  async before(room: HistoryRoom, before: Position | undefined, limit: number): Promise<CurrentMessage[]> {
    const tail = await this.#tail(room);
    const isBefore = (message: Position): boolean => before === undefined || isAfter(before, message);
    const recent = tail.complete
      ? tail.messages.filter(isBefore)
      : await this.#recentBefore(room, before, limit);
    const archived = await this.archive.before(room.id, before, limit);
    return merge(room, recent, archived, tail.changes).slice(-limit);
  }

  /** Returns the first messages after a position, at most `limit`, oldest first. */
  async after(room: HistoryRoom, after: Position, limit: number): Promise<CurrentMessage[]> {
    const tail = await this.#tail(room);
    const next = { epoch: after.epoch, seq: after.seq + 1 };
    const recent = tail.complete
      ? tail.messages.filter((message) => isAfter(message, after))
      : await this.#recentFrom(room, next, limit);
    const archived = await this.archive.after(room, after, limit);
    return merge(room, recent, archived, tail.changes).slice(0, limit);
  }

  /** Returns a message; undefined if there is none at this position. */
  async at(room: HistoryRoom, position: Position): Promise<CurrentMessage | undefined> {
    const tail = await this.#tail(room);
    const recent = await this.#recentAt(room, tail, [position]);
    // Changes of a message come after it: a whole tail that has the message has all of them.
    const archived = tail.complete && recent.length > 0 ? [] : await this.archive.at(room.id, [position]);
    return merge(room, recent, archived, tail.changes)[0];
  }

  /** Returns messages that changed after a position, in the order of their last changes. */
  async changedAfter(room: HistoryRoom, after: Position, limit: number): Promise<ChangedPage> {
    const tail = await this.#tail(room);
    const { changes } = tail;
    const unstored = [...changes]
      .filter(([, entries]) => entries.some((entry) => isAfter(entry, after)))
      .flatMap(([place]) => parsePosition(place) ?? []);
    const recent = await this.#recentAt(room, tail, unstored);
    const archived = await this.archive.changedAfter(room, after, limit + 1);
    if (archived.length > limit) {
      // Changes that are not stored yet come after all of these.
      const messages = archived.slice(0, limit);
      return { messages: byChange(merge(room, [], messages, changes)), next: messages.at(-1)?.changed };
    }
    const others = await this.archive.at(room.id, unstored);
    const all = byChange(merge(room, recent, [...archived, ...others], changes)).filter(
      ({ changed }) => changed !== undefined && isAfter(changed, after),
    );
    const messages = all.slice(0, limit);
    return { messages, next: all.length > limit ? messages.at(-1)?.changed : undefined };
  }

  #tail({ id, storedUpTo }: HistoryRoom): Promise<Tail> {
    return readTail(this.recent, id, storedUpTo);
  }

  async #recentAt(room: HistoryRoom, tail: Tail, positions: readonly Position[]): Promise<MessageFrame[]> {
    const wanted = new Set(positions.map(formatPosition));
    const isWanted = (message: Position): boolean => wanted.has(formatPosition(message));
    if (tail.complete) return tail.messages.filter(isWanted);
    const found = await Promise.all(positions.map((position) => this.recent.from(room.id, position, 1)));
    return messagesOf(room.id, found.flat()).filter(isWanted);
  }

  /** The recent history holds changes as well: it is read on until there are enough messages. */
  async #recentBefore(
    room: HistoryRoom,
    before: Position | undefined,
    limit: number,
  ): Promise<MessageFrame[]> {
    let messages: MessageFrame[] = [];
    for (let end = before; ; ) {
      const page = await this.recent.before(room.id, end, limit);
      messages = [...messagesOf(room.id, page), ...messages];
      const [first] = page;
      if (first === undefined || page.length < limit || messages.length >= limit) return messages;
      end = first;
    }
  }

  async #recentFrom(room: HistoryRoom, from: Position, limit: number): Promise<MessageFrame[]> {
    const messages: MessageFrame[] = [];
    for (let start = from; ; ) {
      const page = await this.recent.from(room.id, start, limit);
      messages.push(...messagesOf(room.id, page).filter((message) => isKept(room, message)));
      const last = page.at(-1);
      if (last === undefined || page.length < limit || messages.length >= limit) return messages;
      start = { epoch: last.epoch, seq: last.seq + 1 };
    }
  }
}

/** Sorts messages by their last changes. */
function byChange(messages: CurrentMessage[]): CurrentMessage[] {
  return messages.sort((a, b) => (isAfter(a.changed ?? a, b.changed ?? b) ? 1 : -1));
}

function isKept({ expiredUpTo }: HistoryRoom, { sentAt }: Pick<MessageFrame, 'sentAt'>): boolean {
  return expiredUpTo === undefined || sentAt > expiredUpTo;
}

/** Returns the messages of both that are not too old, in order, duplicates once, with the changes applied. */
function merge(
  room: HistoryRoom,
  recent: readonly MessageFrame[],
  archived: readonly CurrentMessage[],
  changes: Changes,
): CurrentMessage[] {
  const byPlace = new Map<string, CurrentMessage>();
  // The archived one has its changes.
  for (const message of [...recent.map(newMessage), ...archived])
    byPlace.set(formatPosition(message), message);
  return [...byPlace]
    .filter(([, message]) => isKept(room, message))
    .map(([place, message]) => (changes.get(place) ?? []).reduce(fold, message))
    .sort((a, b) => (isAfter(a, b) ? 1 : -1));
}
