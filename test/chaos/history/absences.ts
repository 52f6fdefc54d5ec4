import type { ClientHistory, HistoryEvent } from './history.js';

/** A time in which a client was not in a room, between two stays or after the last. */
export interface Absence {
  readonly from: number;
  /** When the join was answered; undefined if it never was. */
  to: number | undefined;
  /** Whether the gateway learned of its beginning at once; false for a client that only stopped reading. */
  readonly plain: boolean;
  /** Unanswered joins: each may have been a short stay that the client does not know of. */
  attempts: number;
}

/** Time that a client needs to read of its own end after it reads again, in milliseconds. */
const READING_UP_MS = 2_000;

/** When a client was absent from a room after its first stay. */
export function absencesFrom(client: ClientHistory, roomId: number): Absence[] {
  const absences: Absence[] = [];
  let isIn = false;
  let joining = false;
  let stall: { from: number; to: number } | undefined;
  const gone = (at: number, code: number): void => {
    // A client that does not read learns what happened to it when it reads again.
    const since = stall !== undefined && at - stall.to < READING_UP_MS ? stall.from : undefined;
    const plain = since === undefined && code !== 0;
    if (isIn) absences.push({ from: since ?? at, to: undefined, plain, attempts: 0 });
    else if (joining) {
      const current = absences.at(-1);
      if (current !== undefined) current.attempts++;
    }
    isIn = joining = false;
  };
  for (const event of client.events) {
    switch (event.type) {
      case 'joining':
        if (event.roomId === roomId) joining = true;
        break;
      case 'joined': {
        if (event.roomId !== roomId) break;
        const current = absences.at(-1);
        if (!isIn && current !== undefined) current.to = event.at;
        isIn = true;
        joining = false;
        break;
      }
      case 'stalled':
        stall = { from: event.at, to: Number.POSITIVE_INFINITY };
        break;
      case 'reading':
        if (stall !== undefined) stall.to = event.at;
        break;
      case 'disconnected':
        gone(event.at, event.code);
        stall = undefined;
        break;
      case 'out-of-room':
        if (event.roomId === roomId) gone(event.at, 1000);
        break;
    }
  }
  return absences;
}

/** When a user with several clients was absent with all of them. */
export function commonAbsences(all: ReadonlyArray<readonly Absence[]>): Absence[] {
  const [first = [], ...others] = all;
  return others.reduce<Absence[]>(overlaps, [...first]);
}

function overlaps(some: readonly Absence[], others: readonly Absence[]): Absence[] {
  return some.flatMap((a) =>
    others.flatMap((b) => {
      const from = Math.max(a.from, b.from);
      const to = Math.min(a.to ?? Number.POSITIVE_INFINITY, b.to ?? Number.POSITIVE_INFINITY);
      if (from >= to) return [];
      const plain = a.plain && b.plain;
      const attempts = a.attempts + b.attempts;
      return [{ from, to: Number.isFinite(to) ? to : undefined, plain, attempts }];
    }),
  );
}

/**
 * For each event of a client, the earliest time at which its content can have been sent: a client that did not read
 * receives everything of that time when it reads again.
 */
export function onTheWaySince(client: ClientHistory): Map<HistoryEvent, number> {
  const since = new Map<HistoryEvent, number>();
  let stall: { from: number; to: number } | undefined;
  for (const event of client.events) {
    if (event.type === 'stalled') stall = { from: event.at, to: Number.POSITIVE_INFINITY };
    else if (event.type === 'reading' && stall !== undefined) stall.to = event.at;
    else if (event.type === 'disconnected') stall = undefined;
    const late = stall !== undefined && event.at - stall.to < READING_UP_MS;
    since.set(event, late && stall !== undefined ? stall.from : event.at);
  }
  return since;
}

/** The times in which a client was in a room and reading, from the first to the last moment. */
export function watchesOf(client: ClientHistory, roomId: number): Array<{ from: number; to: number }> {
  const watches: Array<{ from: number; to: number }> = [];
  let from: number | undefined;
  const end = (at: number): void => {
    if (from !== undefined) watches.push({ from, to: at });
    from = undefined;
  };
  for (const event of client.events) {
    if (event.type === 'joined' && event.roomId === roomId) from ??= event.at;
    else if (event.type === 'disconnected' || event.type === 'stalled') end(event.at);
    else if (event.type === 'out-of-room' && event.roomId === roomId) end(event.at);
  }
  end(Number.POSITIVE_INFINITY);
  return watches;
}
