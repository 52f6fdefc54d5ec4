import { openFrame } from '@chorus/protocol';
import type { Position, StoredMessage } from '../broker.js';

/** Completes a stored body: byte for byte the frame that was published live. */
export function storedFrame({ epoch, seq }: Position, body: string): StoredMessage {
  return { epoch, seq, frame: Buffer.from(openFrame({ epoch, seq }) + body) };
}

/** Returns the body of a stored frame. */
export function bodyOf(message: StoredMessage): string {
  return Buffer.from(message.frame).toString('utf8', openFrame(message).length);
}
