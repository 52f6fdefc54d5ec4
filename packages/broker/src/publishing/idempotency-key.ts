/** How long a broker knows the key of a message at least, in milliseconds. */
export const KEY_MS = 300_000;

/** The key of a message that a user sent: what the user's client calls it. */
export function idempotencyKey(userId: number, clientMsgId: string): string {
  return `${userId}:${clientMsgId}`;
}
