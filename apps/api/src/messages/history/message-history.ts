import type { RoomHistory } from '@chorus/broker';
import type { ArchivedMessage } from '@chorus/database';
import {
  type CurrentMessage,
  fold,
  formatPosition,
  isAfter,
  type Position,
  parsePosition,
  type RoleOrNone,
} from '@chorus/protocol';
import type { HistoryRoom } from '../../rooms/retention.js';
import { type MessageRepository, readerRole } from '../repository.js';
import { FoldedMessage, type HistoryMessage } from './message.js';
import { type Changes, messagesOf, type RecentMessage, readTail, type Tail } from './recent-entries.js';

/** Messages in the order of their positions. */
export interface HistoryPage {
  readonly messages: readonly HistoryMessage[];
  /**
   * What the reader is in the room, at a moment after everything on the page existed: a user who was removed before an entry is not a member then.
   * Undefined if that is not known.
   */
  readonly role: RoleOrNone | undefined;
}

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

  /**
   * Returns the last messages before a position, or of the room, at most `limit`, oldest first.
   * @param readerId user whose role is returned
   */
  async before(
    room: HistoryRoom,
    before: Position | undefined,
    limit: number,
    readerId?: number,
  ): Promise<HistoryPage> {
    const tail = await this.#tail(room);
    const isBefore = (message: Position): boolean => before === undefined || isAfter(before, message);
    const recent = tail.complete
      ? tail.messages.filter(isBefore)
      : await this.#recentBefore(room, before, limit);
    // A whole tail lacks no message between its first and its last one, unless some were deleted and erased meanwhile.
    const isEnough = tail.complete && tail.changes.size === 0 && recent.length >= limit;
    const archived = isEnough ? [] : await this.archive.before(room.id, before, limit, readerId);
    const messages = merge(room, recent, archived, tail.changes).slice(-limit);
    return { messages, role: readerRole(archived) };
  }

  /**
   * Returns the first messages after a position, at most `limit`, oldest first.
   * @param readerId user whose role is returned
   */
  async after(room: HistoryRoom, after: Position, limit: number, readerId?: number): Promise<HistoryPage> {
    const tail = await this.#tail(room);
    const next = { epoch: after.epoch, seq: after.seq + 1 };
    const recent = tail.complete
      ? tail.messages.filter((message) => isAfter(message, after))
      : await this.#recentFrom(room, next, limit);
    const archived = await this.archive.after(room, after, limit, readerId);
    const messages = merge(room, recent, archived, tail.changes).slice(0, limit);
    return { messages, role: readerRole(archived) };
  }

  /** Returns a message; undefined if there is none at this position. */
  async at(room: HistoryRoom, position: Position): Promise<CurrentMessage | undefined> {
    const tail = await this.#tail(room);
    const recent = await this.#recentAt(room, tail, [position]);
    // Changes of a message come after it: a whole tail that has the message has all of them.
    const archived = tail.complete && recent.length > 0 ? [] : await this.archive.at(room.id, [position]);
    return merge(room, recent, archived, tail.changes)[0]?.current();
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
      return {
        messages: byChange(merge(room, [], messages, changes)),
        next: messages.at(-1)?.current().changed,
      };
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

  async #recentAt(room: HistoryRoom, tail: Tail, positions: readonly Position[]): Promise<RecentMessage[]> {
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
  ): Promise<RecentMessage[]> {
    let messages: RecentMessage[] = [];
    for (let end = before; ; ) {
      const page = await this.recent.before(room.id, end, limit);
      messages = [...messagesOf(room.id, page), ...messages];
      const [first] = page;
      if (first === undefined || page.length < limit || messages.length >= limit) return messages;
      end = first;
    }
  }

  async #recentFrom(room: HistoryRoom, from: Position, limit: number): Promise<RecentMessage[]> {
    const messages: RecentMessage[] = [];
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
function byChange(messages: readonly HistoryMessage[]): CurrentMessage[] {
  return messages
    .map((message) => message.current())
    .sort((a, b) => (isAfter(a.changed ?? a, b.changed ?? b) ? 1 : -1));
}

function isKept({ expiredUpTo }: HistoryRoom, { sentAt }: Pick<HistoryMessage, 'sentAt'>): boolean {
  return expiredUpTo === undefined || sentAt > expiredUpTo;
}

/** Returns the messages of both that are not too old, in order, duplicates once, with the changes applied. */
function merge(
  room: HistoryRoom,
  recent: readonly RecentMessage[],
  archived: readonly ArchivedMessage[],
  changes: Changes,
): HistoryMessage[] {
  const merged = [...(recent.length === 0 ? archived : withoutDuplicates(recent, archived))]
    .filter((message) => isKept(room, message))
    .sort((a, b) => (isAfter(a, b) ? 1 : -1));
  if (changes.size === 0) return merged;
  return merged.map((message) => {
    const entries = changes.get(formatPosition(message));
    return entries === undefined ? message : new FoldedMessage(entries.reduce(fold, message.current()));
  });
}

/** Of a message in both, the archived one has its changes. */
function withoutDuplicates(
  recent: readonly RecentMessage[],
  archived: readonly ArchivedMessage[],
): Iterable<HistoryMessage> {
  const byPlace = new Map<string, HistoryMessage>();
  for (const message of [...recent, ...archived]) byPlace.set(formatPosition(message), message);
  return byPlace.values();
}
