import type { MessageFrame } from '@chorus/protocol';
import type { ArchiveEntry } from './read-entries.js';

/**
 * Returns what is stored in the place of an entry that PostgreSQL refuses: its position and its ordinal, and nothing of what may
 * have been refused.
 */
export function standInFor(entry: MessageFrame): MessageFrame;
export function standInFor(entry: ArchiveEntry): ArchiveEntry;
export function standInFor(entry: ArchiveEntry): ArchiveEntry {
  const { roomId, epoch, seq, n } = entry;
  if (entry.type === 'change') {
    return {
      ...{ type: 'change', roomId, epoch, seq, n: entry.n, kind: 'unreadable', frame: undefined },
      ...{ userId: 0, sentAt: 0, clientMsgId: undefined, body: '' },
    };
  }
  return {
    ...{ seq, epoch, ...(n === undefined ? {} : { n }), type: 'message', content: '', roomId },
    ...{ username: '', userId: 0, id: `${roomId}-${epoch}-${seq}`, sentAt: 0 },
  };
}
