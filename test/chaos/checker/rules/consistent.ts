import { formatPosition } from '@chorus/protocol';
import { sendingOf } from '../../history/message-name.js';
import { missingFrom } from '../../history/missing.js';
import type { Rule } from '../rule.js';

export const consistent: Rule = {
  name: 'consistent',
  promise: 'a message without an answer exists for all members, or for none',
  *check(index) {
    for (const room of index.rooms.values()) {
      const { roomId, views } = room;
      for (const view of views) {
        for (const message of missingFrom(view, room)) {
          const sending = index.sendings.get(sendingOf(message));
          if (sending === undefined || sending.acks.length > 0) continue;
          yield {
            what: `room ${roomId}: ${view.client.username} never got ${formatPosition(message)}, which others did`,
            facts: { message, member: view.client.username, stretches: view.stretches },
          };
        }
      }
    }
  },
};
