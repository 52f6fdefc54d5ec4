const NAME = Buffer.from('"sentAt":');
/** The name and what may follow it in a frame, which is less than that in any case: a number, and the sender's own id. */
const TAIL_BYTES = 256;

/**
 * When a message was sent, as its frame says, in milliseconds since 1970; undefined for what is no message. Nothing that
 * a sender chooses comes after it but an id without quotes, so the last one is the right one whatever the text says.
 */
export function readSentAt(frame: Uint8Array): number | undefined {
  const tail = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).subarray(-TAIL_BYTES);
  const at = tail.lastIndexOf(NAME);
  if (at < 0) return undefined;
  const sentAt = Number.parseInt(tail.toString('latin1', at + NAME.length), 10);
  return Number.isNaN(sentAt) ? undefined : sentAt;
}
