import type { StoredMessage } from '../broker.js';
import { sentAtOfFrame } from './sent-at.js';

const DAY_MS = 86_400_000;

/** Returns the shortest of several retentions in days, in milliseconds; undefined without any. */
export function retentionMs(...days: ReadonlyArray<number | undefined>): number | undefined {
  const given = days.filter((each) => each !== undefined);
  return given.length === 0 ? undefined : Math.min(...given) * DAY_MS;
}

/**
 * Number of leading entries that are too old to be served. Entries are in the order of their time, as far as the clocks of gateways
 * agree. An erased one has no time: it is as old as the one after it.
 *
 * @param expiredUpTo milliseconds since 1970; undefined without a limit
 */
export function countExpired(entries: Iterable<StoredMessage>, expiredUpTo: number | undefined): number {
  if (expiredUpTo === undefined) return 0;
  let [count, seen] = [0, 0];
  for (const { frame } of entries) {
    seen++;
    const sentAt = sentAtOfFrame(frame);
    if (sentAt === undefined) continue;
    if (sentAt > expiredUpTo) break;
    count = seen;
  }
  return count;
}
