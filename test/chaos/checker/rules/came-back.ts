import type { Rule } from '../rule.js';

export const cameBack: Rule = {
  name: 'came-back',
  promise: 'every client that should stay is back, in all its rooms',
  *check(index) {
    for (const { roomId, views } of index.rooms.values()) {
      for (const { client, isIn } of views) {
        if (isIn || !client.stays) continue;
        const last = client.events.slice(-5);
        const why = client.events.findLast(({ type }) => type === 'gave-up' || type === 'out-of-room');
        yield {
          what: `room ${roomId}: ${client.username} is not back`,
          facts: { member: client.username, why, last },
        };
      }
    }
  },
};
