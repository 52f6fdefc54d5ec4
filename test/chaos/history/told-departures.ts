import { onTheWaySince } from './absences.js';
import type { Fault, History } from './history.js';
import type { View } from './index-history.js';
import { cutOffTimes } from './taken-for-gone.js';

/** What was held back while a gateway was cut off arrives within this afterwards, in milliseconds. */
const HELD_BACK_MS = 2_000;

/** A client was told that a user left. */
export interface ToldDeparture {
  readonly at: number;
  /** It was announced at this time at the earliest: a client that does not read, or whose gateway is cut off, learns of it late. */
  readonly since: number;
}

/** When a client was told that others left a room, by user. */
export function departuresToldTo(
  { client, roomId }: View,
  history: History,
): ReadonlyMap<number, readonly ToldDeparture[]> {
  const told = new Map<number, ToldDeparture[]>();
  const onTheWay = onTheWaySince(client);
  const cuts = cutOffTimes(client, history);
  for (const event of client.events) {
    if (event.type !== 'notice' || event.kind !== 'left' || event.roomId !== roomId) continue;
    const times = told.get(event.userId) ?? [];
    const { at } = event;
    const unread = onTheWay.get(event) ?? at;
    const heldBack = cuts.filter(({ from, cut }) => from <= at && unread <= cut.endedAt + HELD_BACK_MS);
    times.push({ at, since: Math.min(unread, ...heldBack.map(({ from }) => from)) });
    told.set(event.userId, times);
  }
  return told;
}

/**
 * When Redis forgot that a user had left: once for each time that it lost the announcement of a departure. Then the
 * user is in the room again for it, until that is noticed and announced.
 *
 * @param told what any client was told of that user
 */
export function forgottenAt(told: readonly ToldDeparture[], faults: readonly Fault[]): number[] {
  return faults.flatMap(({ loss }) => {
    const took = loss !== undefined && told.some(({ at, since }) => at >= loss.since && since <= loss.until);
    return took ? [loss.at] : [];
  });
}
