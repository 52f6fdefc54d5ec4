import type { ConversationEvents } from '../../dialect.js';
import { messageNumber } from '../../plan/message-text.js';

/** Where frames differ: `{"seq"` opens messages, and the type of others is after `{"type":"`. */
export const OPENING = '{"type":"'.length;
/** Shortest beginning of a message frame before its content. */
const BEFORE_CONTENT = '{"seq":1,"epoch":1,"type":"message",'.length;
const S = 0x73;
const ZERO = 0x30;

/**
 * Reads a message without parsing its frame, which is identical in plain and `chorus.v1`.
 * @param position is overwritten
 * @returns false for a frame that is no message
 */
export function tellMessage(
  bytes: Buffer,
  start: number,
  end: number,
  position: { epoch: number; seq: number },
  events: ConversationEvents,
): boolean {
  if (bytes[start + 2] !== S) return false;
  const at = numberAt(bytes, start + '{"seq":'.length, position, 'seq');
  numberAt(bytes, at + ',"epoch":'.length, position, 'epoch');
  const number = messageNumber(bytes, start + BEFORE_CONTENT, end);
  if (number !== -1) events.message(number, position);
  return true;
}

/** Reads digits from `at` on into a field; returns their end. Allocates nothing. */
function numberAt<Field extends string>(
  bytes: Buffer,
  at: number,
  into: Record<Field, number>,
  field: Field,
): number {
  let number = 0;
  for (; ; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  into[field] = number;
  return at;
}
