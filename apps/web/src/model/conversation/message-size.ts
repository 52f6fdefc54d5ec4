/** Bytes of a frame around the text: its type, the longest room id and the longest id of a message. */
const AROUND = 160;
/** From this number of characters left on the composer shows how many. */
const SOON = 200;

export interface Room {
  /** Characters that may still be written; undefined while there are plenty. */
  readonly left: number | undefined;
  /** Characters at the end that do not fit. */
  readonly over: number;
}

/**
 * How much more fits into a message.
 * @param maxFrameBytes largest frame that the gateway takes, in bytes
 */
export function roomFor(text: string, maxFrameBytes: number): Room {
  const limit = maxFrameBytes - AROUND;
  // No character takes more bytes than this: an escaped control character.
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

/** As it travels: JSON in UTF-8. */
function bytesOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return JSON.stringify(character).length - 2;
  return code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
