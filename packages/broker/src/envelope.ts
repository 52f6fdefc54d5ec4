import type { Position } from './broker.js';

/*
 * What travels on a room's channel: a first line, then one frame per line. JSON never contains a
 * raw line feed, so a node finds the frames without parsing them and hands out slices of what arrived.
 *
 *   messages   `<epoch>-<seq of the first frame>` LF frame [LF frame …]
 *   notice     LF frame
 */

const LF = 0x0a;
const DASH = 0x2d;
const ZERO = 0x30;

/** Wraps one ephemeral frame. `publish.lua` writes the envelope of messages. */
export function noticeEnvelope(frame: string): string {
  return `\n${frame}`;
}

/** Calls back for each frame of an envelope, in order. Frames share the envelope's memory. */
export function openEnvelope(
  envelope: Buffer,
  onMessage: (position: Position, frame: Uint8Array) => void,
  onNotice: (frame: Uint8Array) => void,
): void {
  if (envelope[0] === LF) {
    onNotice(envelope.subarray(1));
    return;
  }
  let at = 0;
  const digits = (end: number): number => {
    let value = 0;
    for (; envelope[at] !== end && at < envelope.length; at++)
      value = value * 10 + (envelope[at] ?? 0) - ZERO;
    at++;
    return value;
  };
  const epoch = digits(DASH);
  let seq = digits(LF);
  while (at < envelope.length) {
    const end = envelope.indexOf(LF, at);
    const next = end === -1 ? envelope.length : end;
    onMessage({ epoch, seq }, envelope.subarray(at, next));
    seq++;
    at = next + 1;
  }
}

/** Reads a stream id, `<epoch>-<seq>`. */
export function parsePosition(id: string): Position {
  const dash = id.indexOf('-');
  return { epoch: Number(id.slice(0, dash)), seq: Number(id.slice(dash + 1)) };
}
