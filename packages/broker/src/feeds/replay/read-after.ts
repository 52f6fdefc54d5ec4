import type { Broker, Position, StoredMessage } from '../../broker.js';
import { countExpired } from '../../publishing/expired.js';

/** Messages of the history after a position. */
export interface HistoryPage {
  readonly messages: readonly StoredMessage[];
  /** Position up to which the history was read; undefined if it had nothing. */
  readonly end: Position | undefined;
  /** Whether no message is missing between the position and the first of the messages. */
  readonly exact: boolean;
  /** Whether the history has no further messages. */
  readonly complete: boolean;
}

export function samePosition(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.seq === b.seq;
}

/** Whether no message can lie between the two positions. */
export function follows(before: Position, after: Position): boolean {
  return after.epoch === before.epoch && after.seq === before.seq + 1;
}

/** Returns the previous position of that epoch. */
export function positionBefore({ epoch, seq }: Position): Position {
  return { epoch, seq: Math.max(0, seq - 1) };
}

/**
 * Reads the messages after a position. Reads the message at the position, too: a history loses messages only at its
 * beginning, so everything after a message that is still there is complete. Across epochs this holds only if the room
 * has not lost messages between them, see `RoomStanding`.
 *
 * @param limit at least 1
 * @param expiredUpTo entries sent up to this time count as if the history had lost them; undefined without a limit
 */
export async function readAfter(
  broker: Pick<Broker, 'between'>,
  roomId: number,
  from: Position,
  upTo: Position,
  limit: number,
  expiredUpTo?: number,
): Promise<HistoryPage> {
  const read = await broker.between(roomId, positionBefore(from), upTo, limit + 1);
  const entries = read.slice(countExpired(read, expiredUpTo));
  const [first] = entries;
  const there = first !== undefined && samePosition(first, from);
  const messages = there ? entries.slice(1) : entries;
  const [next] = messages;
  return {
    messages,
    end: read.at(-1),
    // Numbers continue across epochs.
    exact: there
      ? next === undefined || next.seq === from.seq + 1
      : next !== undefined && follows(from, next),
    complete: read.length <= limit,
  };
}
