import { formatPosition, isAfter, type Position, type RoomChange } from '@chorus/protocol';
import type { HistoryMessage } from './message.js';
import type { MessageHistory } from './message-history.js';
import type { LoggedRoom, RoomLog } from './room-log.js';

/** A page of the history; `before` and `after` are where the neighbouring pages continue. */
export interface PageOfEntries {
  readonly messages: readonly HistoryMessage[];
  readonly changes: readonly RoomChange[];
  readonly before: Position | undefined;
  readonly after: Position | undefined;
}

export interface PageParts {
  readonly history: MessageHistory;
  readonly roomLog: RoomLog;
}

const FIRST: Position = { epoch: 0, seq: 0 };

/**
 * Returns the last messages before a position, or of the room, with the changes of the members and of the room among them: at most
 * `limit` of each. With more changes than that, the page begins with the first of those that fit.
 *
 * Everything that is read is bounded by a position that exists already, so that no entry arrives between two reads.
 */
export async function entriesBefore(
  { history, roomLog }: PageParts,
  room: LoggedRoom,
  before: Position | undefined,
  limit: number,
): Promise<PageOfEntries> {
  const end = before ?? next(await roomLog.newest(room));
  const found = (await history.before(room, end, limit + 1)).messages;
  const page = found.slice(-limit);
  const start = found.length > limit ? page[0] : undefined;
  const logged = await roomLog.changes(room, { after: start ?? FIRST, before: end }, limit + 1, 'last');
  const changes = logged.slice(-limit);
  const cut = logged.length > limit ? changes[0] : undefined;
  const messages = cut === undefined ? page : page.filter((message) => isAfter(message, cut));
  return {
    ...{ messages, changes, before: cut ?? start },
    after: before && later(messages.at(-1), changes.at(-1)),
  };
}

/** Returns the first messages after a position, as {@link entriesBefore} does those before one. */
export async function entriesAfter(
  { history, roomLog }: PageParts,
  room: LoggedRoom,
  after: Position,
  limit: number,
): Promise<PageOfEntries> {
  const newest = await roomLog.newest(room);
  const upTo = (message: Position): boolean => !isAfter(message, newest);
  const found = (await history.after(room, after, limit + 1)).messages.filter(upTo);
  const page = found.slice(0, limit);
  const end = found.length > limit ? page.at(-1) : undefined;
  const logged = await roomLog.changes(room, { after, before: next(end ?? newest) }, limit + 1, 'first');
  const changes = logged.slice(0, limit);
  const cut = logged.length > limit ? changes.at(-1) : undefined;
  const messages = cut === undefined ? page : page.filter((message) => !isAfter(message, cut));
  return { messages, changes, before: earlier(messages[0], changes[0]), after: cut ?? end };
}

/** Returns a position for clients; null for none. */
export function placeOf(position: Position | undefined): string | null {
  return position === undefined ? null : formatPosition(position);
}

function next({ epoch, seq }: Position): Position {
  return { epoch, seq: seq + 1 };
}

function later(a: Position | undefined, b: Position | undefined): Position | undefined {
  return a === undefined || (b !== undefined && isAfter(b, a)) ? b : a;
}

function earlier(a: Position | undefined, b: Position | undefined): Position | undefined {
  return a === undefined || (b !== undefined && isAfter(a, b)) ? b : a;
}
