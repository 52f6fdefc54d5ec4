import { onTheWaySince } from './absences.js';
import type { Fault, History } from './history.js';
import type { View } from './index-history.js';
import { cutOffTimes } from './taken-for-gone.js';

/** Frames held back while a gateway was cut off arrive within this time after it, in milliseconds. */
const HELD_BACK_MS = 2_000;

/** A notice that a user left, as one client received it. */
export interface ToldDeparture {
  readonly at: number;
  /**
   * Earliest time of the announcement: a client that does not read, or whose gateway is cut off, receives it late.
   */
  readonly since: number;
}

/** Notices of departures from a room that a client received, by user. */
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
 * Times at which Redis lost a departure of a user, one for each loss that covers its announcement. The user is a member again
 * in Redis' data, until a gateway removes and announces it once more.
 *
 * @param told notices about that user that any client received
 */
export function forgottenAt(told: readonly ToldDeparture[], faults: readonly Fault[]): number[] {
  return faults.flatMap(({ loss }) => {
    const took = loss !== undefined && told.some(({ at, since }) => at >= loss.since && since <= loss.until);
    return took ? [loss.at] : [];
  });
}
