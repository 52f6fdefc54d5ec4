import { isAfter, type Message, type Position } from '@chorus/client';

export interface Unread {
  readonly count: number;
  /** There may be more: what is known does not reach back to what was read last. */
  readonly more: boolean;
}

export const NONE: Unread = { count: 0, more: false };

/**
 * How many messages of others came after the one that was read last.
 * @param messages those that are known, in order
 * @param read undefined when nothing was ever read here: then nothing counts as missed
 * @param complete whether nothing was said before those that are known
 */
export function countUnread(
  messages: readonly Message[],
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
    if (message.userId !== me) count += 1;
  }
  return { count, more: count > 0 && !complete };
}

/** As it is shown: `3`, `50+`. Empty when there is nothing. */
export function unreadText({ count, more }: Unread): string {
  if (count === 0) return '';
  return `${Math.min(count, 999)}${more || count > 999 ? '+' : ''}`;
}
