import type { Position } from '@chorus/protocol/constants';

/** Before every position. */
export const NOWHERE: Position = { epoch: 0, seq: 0 };

/** Strips an entry to its position. @param offset moves the position within its epoch */
export function placeOf({ epoch, seq }: Position, offset = 0): Position {
  return { epoch, seq: seq + offset };
}
