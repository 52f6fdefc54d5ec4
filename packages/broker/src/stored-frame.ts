import { openFrame } from '@chorus/protocol';
import type { StoredMessage } from './broker.js';

/** Completes a stored body: byte for byte the frame that was published live. */
export function storedFrame(seq: number, body: string): StoredMessage {
  return { seq, frame: Buffer.from(openFrame(seq) + body) };
}
