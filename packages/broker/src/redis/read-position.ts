import { type Position, parsePosition } from '@chorus/protocol';

/** Reads a stream id, `<epoch>-<seq>`, that came from Redis. */
export function readPosition(id: string): Position {
  const position = parsePosition(id);
  if (position === undefined) throw new Error(`not a position: ${id}`);
  return position;
}
