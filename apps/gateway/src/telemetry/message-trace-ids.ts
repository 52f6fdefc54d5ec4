import { createHash } from 'node:crypto';
import type { Position } from '@chorus/broker';

/*
 * Which messages are traced, and by which ids, follows from their places, which every node that has to do with a
 * message knows anyhow. So nothing travels with it, and all nodes agree, whatever their versions: for as long as the
 * numbers below stay as they are. A test holds them.
 *
 * A mark in the head of the envelope was decided against: gateways of an earlier version drop an envelope whose head they do
 * not know, and would repair a gap for each traced message during a rollout.
 */

const SPREAD_ROOM = 0x9e3779b1;
const SPREAD_EPOCH = 0x85ebca6b;
const SPREAD_SEQ = 0xc2b2ae35;

/** The draw of a message: from 0 to before 1, as if by chance. It is traced if that is below the share of those that are. */
export function drawOf(roomId: number, { epoch, seq }: Position): number {
  let mixed = Math.imul(roomId | 0, SPREAD_ROOM) ^ Math.imul(epoch | 0, SPREAD_EPOCH);
  mixed = finish(mixed) ^ Math.imul(seq | 0, SPREAD_SEQ);
  return (finish(mixed) >>> 0) / 0x1_0000_0000;
}

/** The last step of MurmurHash3, which spreads the difference of any bit over all of them. */
function finish(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** The trace of a message, and the span with which it begins. */
export interface MessageTrace {
  readonly traceId: string;
  readonly spanId: string;
}

export function traceOf(roomId: number, { epoch, seq }: Position): MessageTrace {
  const hash = createHash('sha256').update(`chorus message ${roomId} ${epoch}-${seq}`).digest('hex');
  return { traceId: hash.slice(0, 32), spanId: hash.slice(32, 48) };
}
