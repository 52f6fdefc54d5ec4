import type { Logger } from '@chorus/service';
import pLimit from 'p-limit';
import { isAfter, type Position } from './broker.js';
import { samePosition } from './feeds/replay/read-after.js';
import { KEY_MS } from './publishing/idempotency-key.js';
import type { MirroredRoom, RestoredMessage, RoomBehind, RoomDirectory } from './room-directory.js';

/** The rooms and messages of PostgreSQL. */
export interface RoomArchive {
  /** Reads these rooms, without those that do not exist, and the time, in milliseconds since 1970. */
  rooms(ids: readonly number[]): Promise<{ rooms: readonly MirroredRoom[]; now: number }>;
  /** The first messages of a room after a position, at most `limit`; oldest first. */
  after(roomId: number, after: Position, limit: number): Promise<readonly RestoredMessage[]>;
  /** The first messages of several rooms, each after its own position; rooms without any are left out. */
  afterEach(
    rooms: ReadonlyArray<{ id: number; after: Position }>,
    limit: number,
  ): Promise<ReadonlyMap<number, readonly RestoredMessage[]>>;
  /** The last messages of a room, at most `limit`; oldest first. */
  newest(roomId: number, limit: number): Promise<readonly RestoredMessage[]>;
}

/** A room that lacks more messages than this gets only the {@link NEWEST}: more would delay all other rooms. */
const MOST_RESTORED = 1_000;
const NEWEST = 100;
/** Messages sent within this time may be sent again and must be recognised, in milliseconds. */
const RECENT_MS = KEY_MS;
/** Messages appended by one script, which blocks all other clients of Redis. */
const PAGE = 200;
/** Number of rooms restored concurrently. */
const AT_A_TIME = 8;
/** Rooms whose messages are read at once. */
const READ_AT_ONCE = 50;
/** Number of immediate attempts for a room that changes meanwhile. */
const ATTEMPTS = 5;

/**
 * Makes rooms known to the gateways and whole: restores the messages that PostgreSQL has and the recent history lacks,
 * because Redis returned with older data. Any number of restorers may work on a room.
 *
 * The recent history then holds the messages of PostgreSQL without a gap, or the newest part of them.
 */
export class RoomRestorer {
  /** Number of rooms restored since the last log line. */
  #rooms = 0;
  #messages = 0;

  constructor(
    private readonly directory: Pick<RoomDirectory, 'bringIn' | 'remove' | 'restore'>,
    private readonly archive: RoomArchive,
    private readonly log: Logger,
  ) {}

  /** @param now the time of PostgreSQL when the rooms were read, in milliseconds since 1970 */
  async bringIn(rooms: readonly MirroredRoom[], now: number): Promise<void> {
    await this.#bringIn(rooms, now);
    const [restored, messages] = [this.#rooms, this.#messages];
    [this.#rooms, this.#messages] = [0, 0];
    if (messages > 0) this.log.warn({ rooms: restored, messages }, 'rooms got back what Redis had lost');
  }

  async #bringIn(rooms: readonly MirroredRoom[], now: number): Promise<void> {
    let left = rooms;
    let time = now;
    for (let attempt = 1; left.length > 0; attempt++) {
      const again = await this.#once(left, time);
      if (again.length === 0) return;
      // Left for the next check: gateways still wait for the rooms.
      if (attempt === ATTEMPTS) {
        this.log.warn({ rooms: again.length }, 'rooms change faster than they can be restored');
        return;
      }
      ({ rooms: left, now: time } = await this.archive.rooms(again));
    }
  }

  /** @returns ids of the rooms that must be read and brought in again */
  async #once(rooms: readonly MirroredRoom[], now: number): Promise<number[]> {
    const outcomes = await this.directory.bringIn(rooms, now);
    const again: number[] = [];
    const behind: Array<{ room: MirroredRoom; behind: RoomBehind }> = [];
    for (const [index, room] of rooms.entries()) {
      const outcome = outcomes[index];
      if (typeof outcome === 'object') behind.push({ room, behind: outcome });
      if (outcome !== 'older') continue;
      await this.directory.remove(room.id, room.generation);
      again.push(room.id);
    }
    for (let at = 0; at < behind.length; at += READ_AT_ONCE) {
      const some = behind.slice(at, at + READ_AT_ONCE);
      const read = await this.#readAll(some);
      const limit = pLimit(AT_A_TIME);
      const work = some.map((each) =>
        limit(async () => {
          const done = await this.#restore(each.room, each.behind, now, read.get(each.room.id));
          if (!done) again.push(each.room.id);
        }),
      );
      await Promise.all(work);
    }
    return again;
  }

  /**
   * Reads the missing messages of the rooms that lack few, as most do: from their last message that may not be in
   * PostgreSQL.
   */
  #readAll(
    rooms: ReadonlyArray<{ room: MirroredRoom; behind: RoomBehind }>,
  ): Promise<ReadonlyMap<number, readonly RestoredMessage[]>> {
    const wanted = rooms.flatMap(({ room: { id, last }, behind: { end, unstored } }) => {
      if (end === undefined || !isAfter(last, end) || last.seq - end.seq >= PAGE) return [];
      return [{ id, after: unstored === undefined ? end : { epoch: unstored.epoch, seq: unstored.seq - 1 } }];
    });
    return wanted.length === 0 ? Promise.resolve(new Map()) : this.archive.afterEach(wanted, PAGE + 1);
  }

  /** @param read messages from the last one that may not be in PostgreSQL, if they were read */
  async #restore(
    known: MirroredRoom,
    behind: RoomBehind,
    now: number,
    read: readonly RestoredMessage[] | undefined,
  ): Promise<boolean> {
    const { end, needed } = behind;
    if (end !== undefined && read !== undefined && read.length <= PAGE) {
      const stored = behind.unstored === undefined || samePosition(read[0] ?? known.last, behind.unstored);
      const messages = read.filter((message) => isAfter(message, end));
      const before = stored && !hasDeletion(messages) ? 'stored' : 'unknown';
      // An archiver may have stored further messages since the room was read.
      const last = messages.at(-1) ?? known.last;
      const room = isAfter(last, known.last) ? { ...known, last, changes: messages.at(-1)?.changes } : known;
      this.#restored(room.id, messages.length);
      return this.directory.restore({ room, end, messages, before, complete: true }, now);
    }
    // Positions that gateways have seen may have reached PostgreSQL since the room was read.
    const room =
      end === undefined || isAfter(known.last, end) ? known : (await this.archive.rooms([known.id])).rooms[0];
    if (room === undefined || room.generation !== known.generation) return false;
    const from = end ?? (await this.#firstNeeded(room, needed, now));
    const stored = await this.#isStored(room.id, behind.unstored);
    const missing = from === undefined ? 0 : room.last.seq - from.seq;
    if (from !== undefined && missing <= MOST_RESTORED) return this.#append(room, behind, from, stored, now);
    const cut = from !== undefined && stored;
    // Without a position that gateways need, no client can miss messages.
    const messages = cut ? await this.archive.newest(room.id, NEWEST) : [];
    if (missing > 0)
      this.log.warn({ roomId: room.id, missing }, 'a room is restored in part: it lacks too much');
    const before = cut ? 'cut' : stored ? 'stored' : 'unknown';
    return this.directory.restore({ room, end, messages, before, complete: true }, now);
  }

  /** For a room that Redis does not know: the first message that gateways need or senders may repeat. */
  async #firstNeeded(
    room: MirroredRoom,
    needed: Position | undefined,
    now: number,
  ): Promise<Position | undefined> {
    if (now - room.lastSentAt > RECENT_MS) return needed;
    const [first] = await this.archive.newest(room.id, NEWEST);
    if (first === undefined || (needed !== undefined && isAfter(first, needed))) return needed;
    return { epoch: first.epoch, seq: first.seq - 1 };
  }

  /** Appends all messages after a position. */
  async #append(
    room: MirroredRoom,
    { end }: RoomBehind,
    from: Position,
    stored: boolean,
    now: number,
  ): Promise<boolean> {
    let isStored = stored;
    let restored = 0;
    for (let [at, ends] = [from, end]; ; ) {
      const messages = isAfter(room.last, at) ? await this.archive.after(room.id, at, PAGE) : [];
      const complete = messages.length < PAGE;
      isStored &&= !hasDeletion(messages);
      const before = isStored ? 'stored' : 'unknown';
      if (!(await this.directory.restore({ room, end: ends, messages, before, complete }, now))) return false;
      restored += messages.length;
      const last = messages.at(-1);
      if (complete || last === undefined) break;
      at = { epoch: last.epoch, seq: last.seq };
      ends = at;
    }
    this.#restored(room.id, restored);
    return true;
  }

  #restored(roomId: number, messages: number): void {
    this.log.debug({ roomId, messages }, 'a room is restored');
    this.#rooms++;
    this.#messages += messages;
  }

  /** Whether PostgreSQL has a message, and so every earlier one: messages are stored in order. */
  async #isStored(roomId: number, message: Position | undefined): Promise<boolean> {
    if (message === undefined) return true;
    const [found] = await this.archive.after(roomId, { epoch: message.epoch, seq: message.seq - 1 }, 1);
    return found !== undefined && found.epoch === message.epoch && found.seq === message.seq;
  }
}

/**
 * Whether a message was deleted by one of these. The recent history may have its text again: it does not count as stored, so that an
 * archiver claims the deletion once more, and erases the text.
 */
function hasDeletion(messages: readonly RestoredMessage[]): boolean {
  return messages.some(({ body }) => body.startsWith('"type":"change","change":"deleted"'));
}
