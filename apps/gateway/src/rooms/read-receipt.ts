/** Beginning of the frames that tell how far a user has read, as `read.lua` writes them. */
const OPENING = Buffer.from('{"type":"read",');

/** Whether a notice is one that only `chorus.v1` sockets receive: how far a user has read. */
export function isReadReceipt(frame: Uint8Array): boolean {
  return frame.length > OPENING.length && OPENING.compare(frame, 0, OPENING.length) === 0;
}
