import type { ClientFrame } from '@chorus/protocol/types';
import { ChorusError } from '../chorus-error.js';
import type { Outbox } from './outbox.js';

/** The next message of a room, as it is sent; undefined if there is none. What is too long for the gateway fails instead. */
export function publishFrame(outbox: Outbox, roomId: number, maxFrameBytes: number): ClientFrame | undefined {
  const draft = outbox.next();
  if (draft === undefined) return undefined;
  const { clientMsgId, content } = draft;
  const frame: ClientFrame = { type: 'publish', roomId, clientMsgId, content };
  // For a frame that is larger a gateway would end the connection.
  if (new Blob([JSON.stringify(frame)]).size <= maxFrameBytes) return frame;
  outbox.refused(clientMsgId, new ChorusError('too_big', 'the message is too long'));
  return undefined;
}
