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
import { type Changes, changesAfter, messagesOf } from './recent-entries.js';
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
 * Entries that the archiver has not stored yet are applied to what PostgreSQL has. They are read between two reads of PostgreSQL: after the
 * one that tells from where on they are missing, and before the messages. So an entry that is stored and trimmed meanwhile is seen in
 * one of the two, and one that is seen in both is applied once.
 *
 * Redis is read before PostgreSQL: a message that was trimmed by then is in PostgreSQL. Both are always read and merged by
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
  async before(room: HistoryRoom, before: Position | undefined, limit: number): Promise<CurrentMessage[]> {
    const changes = await this.#unstoredChanges(room.id);
    const recent = await this.#recentBefore(room, before, limit);
    const archived = await this.archive.before(room.id, before, limit);
    return merge(room, recent, archived, changes).slice(-limit);
  }

  /** Returns the first messages after a position, at most `limit`, oldest first. */
  async after(room: HistoryRoom, after: Position, limit: number): Promise<CurrentMessage[]> {
    const changes = await this.#unstoredChanges(room.id);
    const next = { epoch: after.epoch, seq: after.seq + 1 };
    const recent = await this.#recentFrom(room, next, limit);
    const archived = await this.archive.after(room, after, limit);
    return merge(room, recent, archived, changes).slice(0, limit);
  }

  /** Returns a message; undefined if there is none at this position. */
  async at(room: HistoryRoom, position: Position): Promise<CurrentMessage | undefined> {
    const changes = await this.#unstoredChanges(room.id);
    const recent = await this.#recentAt(room.id, [position]);
    return merge(room, recent, await this.archive.at(room.id, [position]), changes)[0];
  }

  /** Returns messages that changed after a position, in the order of their last changes. */
  async changedAfter(room: HistoryRoom, after: Position, limit: number): Promise<ChangedPage> {
    const changes = await this.#unstoredChanges(room.id);
    const unstored = [...changes]
      .filter(([, entries]) => entries.some((entry) => isAfter(entry, after)))
      .flatMap(([place]) => parsePosition(place) ?? []);
    const recent = await this.#recentAt(room.id, unstored);
    const archived = await this.archive.changedAfter(room, after, limit + 1);
    if (archived.length > limit) {
      // Changes that are not stored yet come after all of these.
      const messages = archived.slice(0, limit);
      return { messages: merge(room, [], messages, changes), next: messages.at(-1)?.changed };
    }
    const others = await this.archive.at(room.id, unstored);
    const all = merge(room, recent, [...archived, ...others], changes)
      .filter(({ changed }) => changed !== undefined && isAfter(changed, after))
      .sort((a, b) => (isAfter(a.changed ?? a, b.changed ?? b) ? 1 : -1));
    const messages = all.slice(0, limit);
    return { messages, next: all.length > limit ? messages.at(-1)?.changed : undefined };
  }

  async #unstoredChanges(roomId: number): Promise<Changes> {
    return changesAfter(this.recent, roomId, await this.archive.head(roomId));
  }

  async #recentAt(roomId: number, positions: readonly Position[]): Promise<MessageFrame[]> {
    const found = await Promise.all(positions.map((position) => this.recent.from(roomId, position, 1)));
    return found.flatMap(([entry], index) => {
      const position = positions[index];
      const isThere = entry?.epoch === position?.epoch && entry?.seq === position?.seq;
      return entry !== undefined && isThere ? messagesOf(roomId, [entry]) : [];
    });
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
