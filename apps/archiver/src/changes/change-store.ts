import { type Database, isDataRefused, type NewEvent, recordEvents } from '@chorus/database';
import {
  type CurrentMessage,
  changedMessage,
  type Entry,
  fold,
  formatPosition,
  isAfter,
  newMessage,
  type Position,
} from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { Outcome } from '../messages/outcome.js';
import type { ArchiveEntry } from './read-entries.js';
import { RoomRows, type Transaction } from './room-rows.js';
import { standInFor } from './stand-in.js';

/** Longest transaction, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** A message that entries were applied to. */
interface Touched {
  readonly before: CurrentMessage | undefined;
  now: CurrentMessage;
}

/**
 * Stores the entries of rooms with changes: what messages are now, and a log of the changes.
 *
 * Entries are applied in order and each once, however often they are given, because a room's row of `room_heads` says how far it is,
 * is locked first and written in the same transaction.
 */
export class ChangeStore {
  /** @param historySize number of newest entries whose changes stay in the log */
  constructor(
    private readonly db: Database,
    private readonly historySize: number,
    private readonly log: Logger,
  ) {}

  /** @param entries of one room, in order @param readAt as for `MessageStore.save` */
  async save(roomId: number, entries: readonly ArchiveEntry[], readAt: number): Promise<Outcome> {
    try {
      return await this.#transaction(roomId, entries, readAt);
    } catch (error) {
      const [entry] = entries;
      if (!isDataRefused(error) || entry === undefined) throw error;
      if (entries.length > 1) {
        const half = Math.ceil(entries.length / 2);
        const first = await this.save(roomId, entries.slice(0, half), readAt);
        return first === 'stored' ? this.save(roomId, entries.slice(half), readAt) : first;
      }
      const { epoch, seq } = entry;
      this.log.error(
        { roomId, epoch, seq, error: String(error) },
        'the database refuses an entry: only its place was stored',
      );
      return this.#transaction(roomId, [standInFor(entry)], readAt);
    }
  }

  /** Returns the entries with text of those of the messages that are deleted: they, their edits and appended text. */
  deletedText(roomId: number, messages: readonly Position[]): Promise<Position[]> {
    return new RoomRows(this.db, roomId).deletedText(messages);
  }

  #transaction(roomId: number, entries: readonly ArchiveEntry[], readAt: number): Promise<Outcome> {
    return this.db.$transaction(
      async (tx) => {
        const rows = new RoomRows(tx as Transaction, roomId);
        const outcome = await rows.lockRoom(Math.floor(performance.now() - readAt));
        if (outcome !== 'stored') return outcome;
        const head = await rows.lockHead();
        const fresh = entries.filter((entry) => isAfter(entry, head));
        if (fresh.length > 0) await recordEvents(tx, await this.#apply(rows, fresh));
        return outcome;
      },
      { timeout: TIMEOUT_MS },
    );
  }

  /** @returns the events to record */
  async #apply(rows: RoomRows, entries: readonly ArchiveEntry[]): Promise<NewEvent[]> {
    const { touched, events } = await this.#fold(rows, entries);
    const changed = [...touched.values()].filter(({ before, now }) => before !== now);
    await rows.writeMessages(changed);
    await rows.logChanges(entries);
    // An edit can come after the deletion: its sender did not know.
    const deleted = [...touched.values()].filter(({ now }) => now.deleted !== undefined);
    if (deleted.length > 0) await rows.scrub(deleted.map(({ now }) => now));
    await rows.writeHead(entries);
    await rows.moveReads(entries);
    await rows.prune(this.historySize);
    return events;
  }

  /** Returns the messages that the entries are or change, by position, and an event for each entry that is one or changes one. */
  async #fold(
    rows: RoomRows,
    entries: readonly ArchiveEntry[],
  ): Promise<{ touched: Map<string, Touched>; events: NewEvent[] }> {
    const own = new Set(entries.filter(({ type }) => type === 'message').map(formatPosition));
    const frames = entries.flatMap((entry): Entry[] =>
      entry.type === 'message' ? [entry] : entry.frame === undefined ? [] : [entry.frame],
    );
    const targets = new Map<string, Position>();
    for (const frame of frames) {
      const target = changedMessage(frame);
      if (target !== undefined && !own.has(formatPosition(target)))
        targets.set(formatPosition(target), target);
    }
    const touched = new Map<string, Touched>();
    for (const message of await rows.messages([...targets.values()])) {
      touched.set(formatPosition(message), { before: message, now: message });
    }
    const events: NewEvent[] = [];
    for (const frame of frames) {
      if (frame.type === 'message') {
        touched.set(formatPosition(frame), { before: undefined, now: newMessage(frame) });
        events.push(eventOf(frame, frame));
      }
      const target = changedMessage(frame);
      const message = target && touched.get(formatPosition(target));
      if (message === undefined) continue;
      const { now } = message;
      message.now = fold(now, frame);
      if (frame.type === 'change' && message.now !== now) events.push(eventOf(frame, now));
    }
    return { touched, events };
  }
}

function eventOf(entry: Entry, message: Position): NewEvent {
  const { roomId } = entry;
  const about = { roomId, message: { epoch: message.epoch, seq: message.seq } };
  if (entry.type === 'message') return { type: 'message.created', ...about, userId: entry.userId };
  const { change } = entry;
  const userId = 'userId' in entry ? entry.userId : null;
  if (change === 'deleted') return { type: 'message.deleted', ...about, userId };
  return { type: 'message.changed', ...about, userId, data: { change } };
}
