import type { StoredMessage } from './history.js';

/** Returns the identity of a plain client's message: its content, because no two are equal. */
export function plainName(content: string): string {
  return `=${content}`;
}

/** Returns the key of a message that a user sent to a room, with the client's id. */
export function sendingKey(userId: number, roomId: number, clientMsgId: string): string {
  return `${userId}/${roomId}/${clientMsgId}`;
}

/** Returns the key of the sending of a delivered message. */
export function sendingOf({
  userId,
  roomId,
  clientMsgId,
  content,
}: Pick<StoredMessage, 'userId' | 'roomId' | 'clientMsgId' | 'content'>): string {
  return sendingKey(userId, roomId, clientMsgId ?? plainName(content));
}
