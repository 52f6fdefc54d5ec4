import type { ConversationEvents } from '../../dialect.js';
import { messageNumber } from '../../plan/message-text.js';
import { numberAt } from './number-at.js';

/** Where frames differ: `{"seq"` opens messages, and the type of others is after `{"type":"`. */
export const OPENING = '{"type":"'.length;
/** What comes before the content of a message at the least. */
const BEFORE_CONTENT = '{"seq":1,"epoch":1,"type":"message",'.length;
const S = 0x73;

/**
 * Tells of a message without parsing its frame, which is the same on seed and on `chorus.v1` sockets.
 * @param position is written over
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
