import type { Position } from '@chorus/protocol/constants';

/** Before every position. */
export const NOWHERE: Position = { epoch: 0, seq: 0 };

/** Strips an entry to its position. */
export function placeOf({ epoch, seq }: Position): Position {
  return { epoch, seq };
}

/** The position after this one. */
export function placeAfter({ epoch, seq }: Position): Position {
  return { epoch, seq: seq + 1 };
}
