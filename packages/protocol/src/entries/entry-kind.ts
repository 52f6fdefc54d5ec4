const QUOTE_TYPE = '"type":"'.length;
/** Bytes from the `t` of `type` to the first letter of its value. */
const TO_VALUE = 'type":"'.length;
const SEQ = '{"seq":'.length;
const EPOCH = ',"epoch":'.length;
const COMMA = 0x2c;
const C = 0x63;
const T = 0x74;

/** Whether the body of an entry (its frame without the opening) is that of a change. `publish.lua` decides the same. */
export function isChangeBody(body: string): boolean {
  return body.charCodeAt(QUOTE_TYPE) === C;
}

/**
 * Whether the frame of an entry is that of a change, without parsing it: openings of messages end with the epoch or with
 * `n`, those of changes with the epoch.
 */
export function isChangeFrame(frame: Uint8Array): boolean {
  let at = SEQ;
  while (at < frame.length && frame[at] !== COMMA) at++;
  at += EPOCH;
  while (at < frame.length && frame[at] !== COMMA) at++;
  // Behind the comma and the quote.
  at += 2;
  return frame[at] === T && frame[at + TO_VALUE] === C;
}
