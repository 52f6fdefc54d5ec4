import type { Mention } from '@chorus/protocol';

/** A message or another entry of a room. */
interface Entry {
  readonly position: string;
  /** Undefined for an entry that is not a message. */
  readonly message?: { readonly by: number; content: string; deleted: boolean; mentions: readonly Mention[] };
}

interface Room {
  readonly entries: Entry[];
  /** By member: number of entries up to which the member has read. */
  readonly read: Map<number, number>;
  /** Positions that members have marked since read positions were stored. `unread`: they were moved backwards. */
  readonly marked: Map<number, { upTo: number; unread: boolean }>;
}

/** What a user finds in the inbox about a room. */
export interface Expected {
  readonly n: number;
  readonly unread: number;
  readonly mentions: number;
  readonly readN: number;
  readonly last: { position: string; content: string; deleted: boolean } | undefined;
}

/** Counts what is unread by looking at every message. */
export class HandCount {
  #rooms = new Map<number, Room>();
  #stored = this.#copy();

  addRoom(roomId: number, owner: number): void {
    this.#rooms.set(roomId, { entries: [], read: new Map([[owner, 0]]), marked: new Map() });
  }

  removeRoom(roomId: number): void {
    this.#rooms.delete(roomId);
  }

  get roomIds(): number[] {
    return [...this.#rooms.keys()];
  }

  members(roomId: number): number[] {
    return [...this.#room(roomId).read.keys()];
  }

  roomsOf(userId: number): number[] {
    return [...this.#rooms].filter(([, { read }]) => read.has(userId)).map(([roomId]) => roomId);
  }

  /** Positions of the messages that are not deleted, of one user or of all. */
  messages(roomId: number, by?: number): string[] {
    return this.#room(roomId)
      .entries.filter(({ message }) => message?.deleted === false && (by === undefined || message.by === by))
      .map(({ position }) => position);
  }

  positions(roomId: number): string[] {
    return this.#room(roomId).entries.flatMap(({ position }) => (position === '' ? [] : [position]));
  }

  sent(roomId: number, by: number, position: string, content: string, mentions: readonly Mention[]): void {
    const room = this.#room(roomId);
    room.entries.push({ position, message: { by, content, deleted: false, mentions } });
    if (room.read.has(by)) room.read.set(by, room.entries.length);
  }

  edited(roomId: number, target: string, at: string, content: string, mentions?: readonly Mention[]): void {
    const message = this.#message(roomId, target);
    message.content = content;
    if (mentions !== undefined) message.mentions = mentions;
    this.#room(roomId).entries.push({ position: at });
  }

  deleted(roomId: number, target: string, at: string): void {
    const message = this.#message(roomId, target);
    [message.deleted, message.content] = [true, ''];
    this.#room(roomId).entries.push({ position: at });
  }

  added(roomId: number, userId: number): void {
    const { entries, read } = this.#room(roomId);
    entries.push({ position: '' });
    read.set(userId, entries.length);
  }

  removed(roomId: number, userId: number): void {
    const { entries, read, marked } = this.#room(roomId);
    entries.push({ position: '' });
    read.delete(userId);
    marked.delete(userId);
  }

  /** @param position undefined: beyond the newest entry */
  read(roomId: number, userId: number, position: string | undefined, unread: boolean): void {
    const { entries, read, marked } = this.#room(roomId);
    const index = entries.findIndex((each) => each.position === position);
    const upTo = position === undefined ? entries.length : index + 1;
    read.set(userId, unread ? upTo : Math.max(upTo, read.get(userId) ?? 0));
    const before = marked.get(userId);
    const highest = Math.max(upTo, before?.upTo ?? 0);
    marked.set(userId, unread ? { upTo, unread } : { upTo: highest, unread: before?.unread ?? false });
  }

  expected(roomId: number, userId: number): Expected {
    const { entries, read } = this.#room(roomId);
    const upTo = read.get(userId) ?? 0;
    const messages = entries.flatMap(({ message }) => message ?? []);
    const unread = entries
      .slice(upTo)
      .flatMap(({ message }) => (message?.deleted === false ? [message] : []));
    const last = entries.findLast(({ message }) => message !== undefined);
    return {
      n: messages.length,
      unread: unread.length,
      mentions: unread.filter(
        ({ by, mentions }) => by !== userId && (mentions.includes(userId) || mentions.includes('room')),
      ).length,
      readN: entries.slice(0, upTo).filter(({ message }) => message !== undefined).length,
      last: last?.message && {
        ...{ position: last.position, content: last.message.content, deleted: last.message.deleted },
      },
    };
  }

  /** Everything is in the database. */
  stored(): void {
    for (const { marked } of this.#rooms.values()) marked.clear();
    this.#stored = this.#copy();
  }

  /** Marked positions are in the database. What own messages have read is there when these are. */
  readsStored(): void {
    for (const [roomId, { marked }] of this.#rooms) {
      const stored = this.#stored.get(roomId)?.read;
      for (const [userId, { upTo, unread }] of marked) {
        if (stored?.has(userId)) stored.set(userId, unread ? upTo : Math.max(upTo, stored.get(userId) ?? 0));
      }
      marked.clear();
    }
  }

  /** Redis has lost everything: only what is in the database is left. */
  lost(): void {
    this.#rooms = this.#stored;
    for (const { entries, read } of this.#rooms.values()) {
      for (const [userId, upTo] of read) read.set(userId, Math.min(upTo, entries.length));
    }
    this.#stored = this.#copy();
  }

  #copy(): Map<number, Room> {
    return structuredClone(this.#rooms);
  }

  #room(roomId: number): Room {
    const room = this.#rooms.get(roomId);
    if (room === undefined) throw new Error(`no room ${roomId}`);
    return room;
  }

  #message(roomId: number, position: string): NonNullable<Entry['message']> {
    const { message } = this.#room(roomId).entries.find((entry) => entry.position === position) ?? {};
    if (message === undefined) throw new Error(`no message ${position}`);
    return message;
  }
}
