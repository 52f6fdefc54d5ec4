import type { Broker, Position, StoredMessage } from '../broker.js';

/** What the history has after a position. */
export interface HistoryPage {
  readonly messages: readonly StoredMessage[];
  /** Nothing is missing between the position and the first of the messages. */
  readonly exact: boolean;
  /** The history has no more of them. */
  readonly complete: boolean;
}

export function samePosition(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.seq === b.seq;
}

/** Whether no message can be between the two. */
export function follows(before: Position, after: Position): boolean {
  return after.epoch === before.epoch && after.seq === before.seq + 1;
}

/** The position of the same epoch after which this one comes. */
export function positionBefore({ epoch, seq }: Position): Position {
  return { epoch, seq: Math.max(0, seq - 1) };
}

/**
 * Reads what follows a position. Its own message is read along: as a history loses messages only at its
 * beginning, what comes after one that is still there is complete. Across epochs that is so only if the room has not
 * lost anything between them, which its `RoomStanding` says.
 *
 * @param limit at least 1
 */
export async function readAfter(
  broker: Pick<Broker, 'between'>,
  roomId: number,
  from: Position,
  upTo: Position,
  limit: number,
): Promise<HistoryPage> {
  const entries = await broker.between(roomId, positionBefore(from), upTo, limit + 1);
  const [first] = entries;
  const there = first !== undefined && samePosition(first, from);
  const messages = there ? entries.slice(1) : entries;
  const [next] = messages;
  return {
    messages,
    // Numbers go on from epoch to epoch.
    exact: there
      ? next === undefined || next.seq === from.seq + 1
      : next !== undefined && follows(from, next),
    complete: entries.length <= limit,
  };
}
