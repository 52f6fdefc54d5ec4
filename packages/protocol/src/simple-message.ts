import type { Position } from './position.js';
import { LAST_MOMENT } from './stored-message.js';

const WHOLE = '(?:0|[1-9]\\d{0,14})';
/** A text as `JSON.stringify` writes it, without U+0000 and lone surrogates. A pattern of this form takes time in proportion to the text. */
const TEXT = '"[^"\\\\\\0-\\x1f]*(?:\\\\(?:["\\\\bfnrt]|u00(?:0[1-7bef]|1[0-9a-f]))[^"\\\\\\0-\\x1f]*)*"';

/** A frame of a message that has only text, as gateways write it. */
const SIMPLE = new RegExp(
  `^\\{"seq":(${WHOLE}),"epoch":(${WHOLE})(?:,"n":[1-9]\\d{0,14})?,"type":"message","content":${TEXT},"roomId":(${WHOLE}),` +
    `"username":${TEXT},"userId":${WHOLE},"id":${TEXT},"sentAt":(${WHOLE})(?:,"clientMsgId":"[\\w.:-]{1,64}")?(?:,"bot":true)?\\}$`,
);

/**
 * Recognises the frame of a message that has only text, without parsing it: `readMessage` returns such a message unchanged, and its JSON
 * is the frame.
 *
 * @returns when it was sent, in milliseconds since 1970; undefined for any other frame
 */
export function simpleMessageSentAt(
  roomId: number,
  { epoch, seq }: Position,
  frame: string,
): number | undefined {
  const found = SIMPLE.exec(frame);
  if (
    found === null ||
    Number(found[1]) !== seq ||
    Number(found[2]) !== epoch ||
    Number(found[3]) !== roomId
  ) {
    return undefined;
  }
  const sentAt = Number(found[4]);
  return sentAt <= LAST_MOMENT && frame.isWellFormed() ? sentAt : undefined;
}
