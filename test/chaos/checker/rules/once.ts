import { formatPosition, isAfter } from '@chorus/protocol';
import type { Rule } from '../rule.js';

export const once: Rule = {
  name: 'once',
  promise: 'no client received a message twice without requesting it again',
  *check(index) {
    for (const { roomId, views } of index.rooms.values()) {
      for (const { client, stays } of views) {
        const before = new Set<string>();
        for (const { after, received } of stays) {
          const now = new Set<string>();
          for (const message of received) {
            // Messages that a client held back when its connection ended must be requested again.
            const askedFor = isAfter(message, after) && !now.has(message.id);
            if (!askedFor && (now.has(message.id) || before.has(message.id))) {
              yield {
                what: `room ${roomId}: ${client.username} got ${formatPosition(message)} twice`,
                facts: { message, member: client.username, after },
              };
            }
            now.add(message.id);
          }
          for (const id of now) before.add(id);
        }
      }
    }
  },
};
