/** Bytes of a frame besides its text: the type, the longest room id and the longest message id. */
const AROUND = 160;
/** The composer shows the number of characters left from this number on. */
const SOON = 200;

export interface Room {
  /** Characters that still fit; undefined while there are plenty. */
  readonly left: number | undefined;
  /** Characters at the end that do not fit. */
  readonly over: number;
}

/**
 * Returns the space left in a message.
 * @param maxFrameBytes largest frame that the gateway accepts, in bytes
 */
export function roomFor(text: string, maxFrameBytes: number): Room {
  const limit = maxFrameBytes - AROUND;
  // No character takes more bytes than an escaped control character.
  if (text.length * 6 <= limit - SOON) return { left: undefined, over: 0 };
  let bytes = 0;
  let over = 0;
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > limit) over++;
  }
  const left = Math.max(0, limit - bytes);
  return { left: left <= SOON ? left : undefined, over };
}

/** Bytes of the character in JSON and UTF-8. */
function bytesOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return JSON.stringify(character).length - 2;
  return code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
