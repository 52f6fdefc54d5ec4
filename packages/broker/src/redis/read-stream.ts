import { formatPosition } from '@chorus/protocol';
import { call, type RedisClient } from '@chorus/redis';
import type { StoredMessage } from '../broker.js';
import { type EntryRange, fillErased } from '../publishing/fill-erased.js';
import { entryOf, storedFrame } from '../publishing/stored-frame.js';
import { readPosition } from './read-position.js';
import type { StreamEntry } from './scripts.js';

/** Returns the frames of stream entries. */
export function framesOf(entries: readonly StreamEntry[]): StoredMessage[] {
  return entries.map(([id, fields]) => {
    const { body, changes, ...position } = entryOf(readPosition(id), fields);
    return storedFrame(position, body, changes);
  });
}

/** See `Broker.between`. One read, and up to two more if entries are missing. */
export async function readBetween(
  redis: RedisClient,
  stream: string,
  range: EntryRange,
): Promise<StoredMessage[]> {
  const after = formatPosition(range.after);
  const upTo = formatPosition(range.upTo);
  const epochOf = (entries: StreamEntry[]): number | undefined => framesOf(entries)[0]?.epoch;
  const entries = await call(() => redis.xrange(stream, `(${after}`, upTo, 'COUNT', range.limit));
  return fillErased(range, framesOf(entries), {
    before: async () => epochOf(await call(() => redis.xrevrange(stream, after, '-', 'COUNT', 1))),
    behind: async () => epochOf(await call(() => redis.xrange(stream, `(${upTo}`, '+', 'COUNT', 1))),
  });
}
