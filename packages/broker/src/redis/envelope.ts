import { parsePosition } from '@chorus/protocol';
import type { BrokerListener } from '../broker.js';

/*
 * Payload of a room's channel: a first line, then one frame per line. JSON never contains a raw line feed, so a node
 * finds the frames without parsing them and hands out slices of the payload.
 *
 *   messages   `<epoch>-<seq of the first frame>` LF frame [LF frame …]
 *   moved      `<epoch>-<next seq>` LF: the room's position; `0-1` LF: its standing has changed otherwise
 *   notice     LF frame
 *   receipt    `~` LF frame: a notice that gateways of older versions, which do not know it, send to no socket
 *   stored     `=<epoch>-<seq of the last message in the database>`
 */

const LF = 0x0a;
const DASH = 0x2d;
const TILDE = 0x7e;
const EQUALS = 0x3d;
const ZERO = 0x30;

/** Wraps one ephemeral frame. `publish.lua`, `read.lua`, `settle-backlog.lua` and `losses.lua` write the other kinds. */
export function noticeEnvelope(frame: string): string {
  return `\n${frame}`;
}

/**
 * Calls the listener for each frame of a room's envelope, in order. Frames share the envelope's memory.
 * @returns false for an invalid envelope
 */
export function openEnvelope(envelope: Buffer, roomId: number, listener: BrokerListener): boolean {
  if (envelope[0] === LF) {
    listener.onNotice(roomId, envelope.subarray(1));
    return true;
  }
  if (envelope[0] === TILDE && envelope[1] === LF) {
    listener.onNotice(roomId, envelope.subarray(2));
    return true;
  }
  if (envelope[0] === EQUALS) {
    const upTo = parsePosition(envelope.toString('latin1', 1));
    if (upTo !== undefined) listener.onStored(roomId, upTo);
    return upTo !== undefined;
  }
  const dash = envelope.indexOf(DASH);
  const epoch = readNumber(envelope, 0, dash);
  const headEnd = envelope.indexOf(LF);
  let seq = readNumber(envelope, dash + 1, headEnd);
  if (Number.isNaN(epoch) || Number.isNaN(seq)) return false;
  if (headEnd + 1 === envelope.length) {
    listener.onMoved?.(roomId, epoch === 0 ? undefined : { epoch, seq: seq - 1 });
  }
  for (let at = headEnd + 1; at < envelope.length; ) {
    const end = envelope.indexOf(LF, at);
    const next = end === -1 ? envelope.length : end;
    listener.onMessage(roomId, { epoch, seq }, envelope.subarray(at, next));
    seq++;
    at = next + 1;
  }
  return true;
}

/** Parses decimal digits from `start` to before `end`; NaN for anything else. */
function readNumber(bytes: Buffer, start: number, end: number): number {
  if (end <= start) return Number.NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
