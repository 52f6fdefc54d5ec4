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
  async before(roomId: number, before: Position | undefined, limit: number): Promise<CurrentMessage[]> {
    const changes = await this.#unstoredChanges(roomId);
    const recent = await this.#recentBefore(roomId, before, limit);
    const archived = await this.archive.before(roomId, before, limit);
    return merge(recent, archived, changes).slice(-limit);
  }

  /** Returns the first messages after a position, at most `limit`, oldest first. */
  async after(roomId: number, after: Position, limit: number): Promise<CurrentMessage[]> {
    const changes = await this.#unstoredChanges(roomId);
    const next = { epoch: after.epoch, seq: after.seq + 1 };
    const recent = await this.#recentFrom(roomId, next, limit);
    const archived = await this.archive.after(roomId, after, limit);
    return merge(recent, archived, changes).slice(0, limit);
  }

  /** Returns a message; undefined if there is none at this position. */
  async at(roomId: number, position: Position): Promise<CurrentMessage | undefined> {
    const changes = await this.#unstoredChanges(roomId);
    const recent = await this.#recentAt(roomId, [position]);
    return merge(recent, await this.archive.at(roomId, [position]), changes)[0];
  }

  /** Returns messages that changed after a position, in the order of their last changes. */
  async changedAfter(roomId: number, after: Position, limit: number): Promise<ChangedPage> {
    const changes = await this.#unstoredChanges(roomId);
    const unstored = [...changes]
      .filter(([, entries]) => entries.some((entry) => isAfter(entry, after)))
      .flatMap(([place]) => parsePosition(place) ?? []);
    const recent = await this.#recentAt(roomId, unstored);
    const archived = await this.archive.changedAfter(roomId, after, limit + 1);
    if (archived.length > limit) {
      // Changes that are not stored yet come after all of these.
      const messages = archived.slice(0, limit);
      return { messages: merge([], messages, changes), next: messages.at(-1)?.changed };
    }
    const others = await this.archive.at(roomId, unstored);
    const all = merge(recent, [...archived, ...others], changes)
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

/** Returns the messages of both in order, duplicates once, with the changes applied. */
function merge(
  recent: readonly MessageFrame[],
  archived: readonly CurrentMessage[],
  changes: Changes,
): CurrentMessage[] {
  const byPlace = new Map<string, CurrentMessage>();
  // The archived one has its changes.
  for (const message of [...recent.map(newMessage), ...archived])
    byPlace.set(formatPosition(message), message);
  return [...byPlace]
    .map(([place, message]) => (changes.get(place) ?? []).reduce(fold, message))
    .sort((a, b) => (isAfter(a, b) ? 1 : -1));
}
