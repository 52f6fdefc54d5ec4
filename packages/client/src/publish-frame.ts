import type { ClientFrame } from '@chorus/protocol/types';
import { ChorusError } from './chorus-error.js';
import type { Outbox } from './outbox.js';

/** The next message of a room, as it is sent; undefined if there is none. What is too long for the gateway fails instead. */
export function publishFrame(outbox: Outbox, roomId: number, maxFrameBytes: number): ClientFrame | undefined {
  const draft = outbox.next();
  if (draft === undefined) return undefined;
  const { clientMsgId, content } = draft;
  const frame: ClientFrame = { type: 'publish', roomId, clientMsgId, content };
  if (!isLarger(frame, content, maxFrameBytes)) return frame;
  outbox.refused(clientMsgId, new ChorusError('too_big', 'the message is too long'));
  return undefined;
}

/** Whether the frame takes more bytes than that; a gateway would end the connection. */
function isLarger(frame: ClientFrame, content: string, bytes: number): boolean {
  // A character takes at most six bytes of JSON, everything else less than 200.
  if (content.length * 6 + 200 < bytes) return false;
  return new TextEncoder().encode(JSON.stringify(frame)).length > bytes;
}
