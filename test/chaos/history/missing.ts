import { isAfter } from '@chorus/protocol';
import type { StoredMessage } from './history.js';
import type { RoomIndex, View } from './index-history.js';

/** What a member had to get of a room's messages, and did not. Not what Redis lost: that nobody can get any more. */
export function* missingFrom(
  view: View,
  { messages, lost }: Pick<RoomIndex, 'messages' | 'lost'>,
): Iterable<StoredMessage> {
  const gone = new Set(lost.map(({ id }) => id));
  for (const { from, to } of view.stretches) {
    for (const message of messages) {
      if (!isAfter(message, from)) continue;
      if (to !== undefined && isAfter(message, to)) break;
      if (!view.known.has(message.id) && !gone.has(message.id)) yield message;
    }
  }
}
