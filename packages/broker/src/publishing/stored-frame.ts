import { encodeErased, isChangeBody, openFrame } from '@chorus/protocol';
import type { ArchiveMessage } from '../archive-queue.js';
import type { Position, StoredMessage } from '../broker.js';

const N = 0x6e;
const COMMA = 0x2c;

/**
 * Completes a stored body: byte for byte the frame that was published live.
 *
 * @param changes number of entries of the room up to this one that are not messages
 */
export function storedFrame({ epoch, seq }: Position, body: string, changes = 0): StoredMessage {
  const n = changes === 0 || isChangeBody(body) ? undefined : seq - changes;
  const frame = Buffer.from(openFrame({ epoch, seq }, n) + body);
  return changes === 0 ? { epoch, seq, frame } : { epoch, seq, frame, changes };
}

/** Returns the entry that {@link storedFrame} completes, from a stream entry of Redis. */
export function entryOf(position: Position, [, body = '', , changes]: readonly string[]): ArchiveMessage {
  return changes === undefined ? { ...position, body } : { ...position, body, changes: Number(changes) };
}

/** Returns the body of a stored frame. */
export function bodyOf(message: StoredMessage): string {
  return Buffer.from(message.frame).toString('utf8', bodyStart(message));
}

/** Returns the index of the first byte of the body of a stored frame. */
export function bodyStart({ epoch, seq, frame }: StoredMessage): number {
  const start = openFrame({ epoch, seq }).length;
  // Behind the quote; the names of the fields of bodies begin with other letters.
  if (frame[start + 1] !== N || frame[start + 2] !== 0x22) return start;
  return frame.indexOf(COMMA, start) + 1;
}

/** The frame in the place of an entry that was erased. */
export function erasedFrame(roomId: number, position: Position, changes?: number): StoredMessage {
  return storedFrame(position, encodeErased(roomId), changes);
}
