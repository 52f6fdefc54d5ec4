import type { ClientHistory } from './history.js';

/** A time in which a client was not in a room, between two stays or after the last. */
export interface Absence {
  readonly from: number;
  /** When it was told that it is in again; undefined when it never was. */
  to: number | undefined;
  /** Whether the gateway learned of its beginning at once: not of a client that only stopped reading. */
  readonly plain: boolean;
  /** Joins that were never answered: each may have been a short stay that the client knows nothing of. */
  attempts: number;
}

/** When a client was away from a room after it had been in it once. */
export function absencesFrom(client: ClientHistory, roomId: number): Absence[] {
  const absences: Absence[] = [];
  let isIn = false;
  let joining = false;
  let stalledAt: number | undefined;
  const gone = (at: number, plain: boolean): void => {
    if (isIn) absences.push({ from: stalledAt ?? at, to: undefined, plain, attempts: 0 });
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
        stalledAt = event.at;
        break;
      case 'reading':
        stalledAt = undefined;
        break;
      case 'disconnected':
        gone(event.at, stalledAt === undefined && event.code !== 0);
        stalledAt = undefined;
        break;
      case 'out-of-room':
        if (event.roomId === roomId) gone(event.at, true);
        break;
    }
  }
  return absences;
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
