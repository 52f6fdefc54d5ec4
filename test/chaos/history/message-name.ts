import type { StoredMessage } from './history.js';

/** What the message of a plain client is known by: nothing else tells its messages apart, and no two are alike. */
export function plainName(content: string): string {
  return `=${content}`;
}

/** Names what a user sent to a room, under the name that the client gave it. */
export function sendingKey(userId: number, roomId: number, clientMsgId: string): string {
  return `${userId}/${roomId}/${clientMsgId}`;
}

/** The same for a message that came of it. */
export function sendingOf({
  userId,
  roomId,
  clientMsgId,
  content,
}: Pick<StoredMessage, 'userId' | 'roomId' | 'clientMsgId' | 'content'>): string {
  return sendingKey(userId, roomId, clientMsgId ?? plainName(content));
}
