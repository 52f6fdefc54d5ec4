import type { RoomHistory, StoredMessage } from '@chorus/broker';
import {
  changedMessage,
  type Entry,
  formatPosition,
  isAfter,
  type Position,
  readerOf,
} from '@chorus/protocol';
import { entryOf } from '../messages/history/recent-entries.js';
import type { OwnEntry } from './inbox-repository.js';

/** Entries that are read at once. */
const PAGE = 500;
/**
 * Entries of a room that are read at most. Beyond that, mentions and deletions count when they are stored. Ordinals, and so the number
 * of unread messages, do not depend on it.
 */
const MAX_ENTRIES = 5_000;

/** An entry that may not be stored yet. */
export interface BacklogEntry extends Position {
  /** Ordinal of the last message up to it. */
  readonly n: number;
  /** Undefined for an entry that this version does not know. */
  readonly entry: Entry | undefined;
}

/** Reads the entries of rooms, each after its own position, oldest first. Takes one round trip, and more for rooms with many. */
export async function readBacklogs(
  history: RoomHistory,
  rooms: ReadonlyArray<{ readonly roomId: number; readonly after: Position }>,
): Promise<BacklogEntry[][]> {
  const pages = await history.fromEach(
    rooms.map(({ roomId, after }) => ({ roomId, from: { epoch: after.epoch, seq: after.seq + 1 } })),
    PAGE,
  );
  return Promise.all(rooms.map(({ roomId }, at) => readRest(history, roomId, pages[at] ?? [])));
}

async function readRest(
  history: RoomHistory,
  roomId: number,
  first: readonly StoredMessage[],
): Promise<BacklogEntry[]> {
  const entries: BacklogEntry[] = [];
  for (let page = first; ; ) {
    entries.push(...page.map((stored) => backlogEntry(roomId, stored)));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return entries;
    if (entries.length >= MAX_ENTRIES) break;
    page = await history.from(roomId, { epoch: last.epoch, seq: last.seq + 1 }, PAGE);
  }
  const newest = await history.before(roomId, undefined, 1);
  return [...entries, ...newest.map((stored) => backlogEntry(roomId, stored))];
}

function backlogEntry(roomId: number, stored: StoredMessage): BacklogEntry {
  const { epoch, seq, changes = 0 } = stored;
  return { epoch, seq, n: seq - changes, entry: entryOf(roomId, stored) };
}

/** Returns the last entry by which the user has read a room: an own message, or the one that made the user a member. */
export function ownEntry(entries: readonly BacklogEntry[], userId: number): OwnEntry | undefined {
  return entries.findLast(({ entry }) => entry !== undefined && readerOf(entry) === userId);
}

/** Returns the messages whose text, mentions or existence entries change, each once. */
export function changedMessages(entries: readonly BacklogEntry[]): Position[] {
  const targets = new Map<string, Position>();
  for (const { entry } of entries) {
    if (entry?.type !== 'change' || (entry.change !== 'edited' && entry.change !== 'deleted')) continue;
    const target = changedMessage(entry);
    if (target !== undefined) targets.set(formatPosition(target), target);
  }
  return [...targets.values()];
}

/** Returns the entries after a position. */
export function entriesAfter(entries: readonly BacklogEntry[], position: Position): BacklogEntry[] {
  return entries.filter((entry) => isAfter(entry, position));
}
