import { isAfter } from '@chorus/protocol';
import type { StoredMessage } from './history.js';
import type { RoomIndex, View } from './index-history.js';

/** Messages of a room that a member had to get and did not, except for those that Redis lost. */
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
