import { isAfter } from '@chorus/protocol';
import type { StoredMessage } from './history.js';
import type { View } from './index-history.js';

/** What a member had to get of a room's messages, and did not. */
export function* missingFrom(view: View, messages: readonly StoredMessage[]): Iterable<StoredMessage> {
  for (const { from, to } of view.stretches) {
    for (const message of messages) {
      if (!isAfter(message, from)) continue;
      if (to !== undefined && isAfter(message, to)) break;
      if (!view.known.has(message.id)) yield message;
    }
  }
}
