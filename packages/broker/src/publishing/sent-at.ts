const KEY = '"sentAt":';
/** Longest number of milliseconds since 1970, in digits. */
const MAX_DIGITS = 16;

/**
 * Returns the time at which the sender's gateway received a message, in milliseconds since 1970, without parsing the
 * whole body: within the content, quotes are escaped. Undefined for a message without that field.
 */
export function sentAtOf(body: string): number | undefined {
  const digits = /"sentAt":(\d+)/.exec(body)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Like {@link sentAtOf}, of a frame. */
export function sentAtOfFrame(frame: Uint8Array): number | undefined {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const at = bytes.indexOf(KEY);
  return at === -1 ? undefined : sentAtOf(bytes.toString('latin1', at, at + KEY.length + MAX_DIGITS));
}
