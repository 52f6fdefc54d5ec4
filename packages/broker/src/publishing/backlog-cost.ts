/** What a message counts for the budget beside its body, in bytes. */
export const OVERHEAD = 128;

/** Bytes that a message counts for the budget; `backlog.lua` counts the same. */
export function costOf(body: string): number {
  return Buffer.byteLength(body) + OVERHEAD;
}

/** So many messages of a room may wait to be archived in any case. */
const CROWD = 128;
/** Part of the budget that a room may have while more than half of the budget is in use. */
const ROOM_SHARE = 1 / 4;

/**
 * Whether a room has its share of the budget, its messages taken to be as large as the next one. `backlog.lua` decides the
 * same.
 *
 * @param cost of the next message @param waiting bytes of all rooms together
 */
export function isCrowded(
  room: { readonly unstoredMessages: number },
  cost: number,
  waiting: number,
  budget: number,
): boolean {
  if (waiting * 2 <= budget) return false;
  const messages = room.unstoredMessages;
  return messages >= CROWD && messages * cost > budget * ROOM_SHARE;
}
