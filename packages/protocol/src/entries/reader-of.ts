import type { Entry } from './fold.js';

/**
 * Returns the user who has read a room up to an entry because of the entry: the sender of a message, and a new member, for whom what was
 * there before does not count as unread. Undefined for other entries.
 */
export function readerOf(entry: Entry): number | undefined {
  if (entry.type === 'message') return entry.userId;
  return entry.change === 'member-added' ? entry.member.id : undefined;
}
