import { formatPosition } from '@chorus/protocol';
import type { Rule } from '../rule.js';

export const once: Rule = {
  name: 'once',
  promise: 'no message reached a client twice',
  *check(index) {
    for (const { roomId, views } of index.rooms.values()) {
      for (const { client, received } of views) {
        const seen = new Set<string>();
        for (const message of received) {
          if (seen.has(message.id)) {
            yield {
              what: `room ${roomId}: ${client.username} got ${formatPosition(message)} twice`,
              facts: { message, member: client.username },
            };
          }
          seen.add(message.id);
        }
      }
    }
  },
};
