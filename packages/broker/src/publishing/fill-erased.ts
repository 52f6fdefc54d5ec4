import type { Position, StoredMessage } from '../broker.js';
import { erasedFrame } from './stored-frame.js';

/** A read of entries after one position and up to another. */
export interface EntryRange {
  readonly roomId: number;
  readonly after: Position;
  readonly upTo: Position;
  /** Maximum number of entries. */
  readonly limit: number;
}

/** The epochs of the entries next to a range, where they are needed to tell holes; undefined if there is no such entry. */
export interface Neighbours {
  /** Returns the epoch of the last entry that is not after the range's `after`. */
  before(): Promise<number | undefined>;
  /** Returns the epoch of the first entry after the range's `upTo`. */
  behind(): Promise<number | undefined>;
}

/**
 * Fills the holes in entries that were read. Within an epoch a history loses entries at its beginning, by trimming, and
 * wherever one was erased: a hole between two entries of an epoch means erased entries.
 */
export async function fillErased(
  range: EntryRange,
  entries: StoredMessage[],
  neighbours: Neighbours,
): Promise<StoredMessage[]> {
  const { roomId, after, upTo, limit } = range;
  const [first] = entries;
  const last = entries.at(-1);
  const filled: StoredMessage[] = [];
  let previous: Position | undefined;
  const fillTo = (seq: number): void => {
    if (previous === undefined) return;
    const { epoch } = previous;
    for (let next = previous.seq + 1; next < seq && filled.length < limit; next++) {
      filled.push(erasedFrame(roomId, { epoch, seq: next }));
    }
  };
  const isWhole = first !== undefined && last !== undefined && last.seq - first.seq === entries.length - 1;
  const startsAfter = first?.epoch === after.epoch && first.seq > after.seq + 1;
  const endsBefore =
    entries.length < limit && (last ?? after).epoch === upTo.epoch && (last ?? after).seq < upTo.seq;
  if (isWhole && !startsAfter && !endsBefore) return entries;

  const inside = startsAfter || (first === undefined && endsBefore);
  if (inside && (await neighbours.before()) === after.epoch) previous = after;
  for (const entry of entries) {
    if (previous?.epoch === entry.epoch) fillTo(entry.seq);
    if (filled.length === limit) return filled;
    filled.push(entry);
    previous = entry;
  }
  if (endsBefore && previous !== undefined && (await neighbours.behind()) === upTo.epoch)
    fillTo(upTo.seq + 1);
  return filled;
}
