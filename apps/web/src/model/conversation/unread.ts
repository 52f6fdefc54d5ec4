import { type CurrentMessage, isAfter, type Position } from '@chorus/client';

export interface Unread {
  readonly count: number;
  /** Whether there may be more: the loaded messages do not reach back to the last read one. */
  readonly more: boolean;
}

export const NONE: Unread = { count: 0, more: false };

/**
 * Counts others' messages after the last one that was read.
 * @param messages the loaded messages, in order
 * @param read undefined when nothing was ever read here: then nothing counts as missed
 * @param complete whether the loaded messages begin with the first of the room
 */
export function countUnread(
  messages: readonly CurrentMessage[],
  read: Position | undefined,
  me: number,
  complete: boolean,
): Unread {
  if (read === undefined) return NONE;
  let count = 0;
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index];
    if (message === undefined) break;
    if (!isAfter(message, read)) return { count, more: false };
    if (message.userId !== me && message.deleted === undefined) count += 1;
  }
  return { count, more: count > 0 && !complete };
}

/** Returns the count for display: `3`, `50+`. Empty for none. */
export function unreadText({ count, more }: Unread): string {
  if (count === 0) return '';
  return `${Math.min(count, 999)}${more || count > 999 ? '+' : ''}`;
}
