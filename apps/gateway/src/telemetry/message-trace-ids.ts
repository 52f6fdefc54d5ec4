import { createHash } from 'node:crypto';
import type { Position } from '@chorus/broker';

/*
 * A message's position determines whether it is traced and its trace id, and every node that handles a message knows
 * its position. So traces need no extra bytes, and nodes of all versions agree as long as the constants below do not
 * change; a test pins them.
 *
 * A mark in the envelope's head was rejected: gateways of an earlier version drop envelopes with an unknown head, and
 * would repair a gap for each traced message during a rollout.
 */

const SPREAD_ROOM = 0x9e3779b1;
const SPREAD_EPOCH = 0x85ebca6b;
const SPREAD_SEQ = 0xc2b2ae35;

/** Pseudo-random number of a message, 0 ≤ n < 1. The message is traced if the number is below the traced share. */
export function drawOf(roomId: number, { epoch, seq }: Position): number {
  let mixed = Math.imul(roomId | 0, SPREAD_ROOM) ^ Math.imul(epoch | 0, SPREAD_EPOCH);
  mixed = finish(mixed) ^ Math.imul(seq | 0, SPREAD_SEQ);
  return (finish(mixed) >>> 0) / 0x1_0000_0000;
}

/** The finalizer of MurmurHash3, which spreads a difference in any bit over all bits. */
function finish(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Trace of a message, and its root span. */
export interface MessageTrace {
  readonly traceId: string;
  readonly spanId: string;
}

export function traceOf(roomId: number, { epoch, seq }: Position): MessageTrace {
  const hash = createHash('sha256').update(`chorus message ${roomId} ${epoch}-${seq}`).digest('hex');
  return { traceId: hash.slice(0, 32), spanId: hash.slice(32, 48) };
}
