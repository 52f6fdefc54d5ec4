/** Minimum time for which a broker remembers the key of a message, in milliseconds. */
export const KEY_MS = 300_000;

/** Idempotency key of a user's message: the user and the id that the client gave the message. */
export function idempotencyKey(userId: number, clientMsgId: string): string {
  return `${userId}:${clientMsgId}`;
}
