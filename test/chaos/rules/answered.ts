import type { Rule } from '../rule.js';

export const answered: Rule = {
  name: 'answered',
  promise: 'every message of a client that stayed was acked or refused for good',
  *check(index) {
    for (const { client, roomId, clientMsgId, acks, failed, attempts, firstAt } of index.sendings.values()) {
      if (!client.stays || acks.length > 0 || failed !== undefined) continue;
      yield {
        what: `room ${roomId}: ${clientMsgId} of ${client.username} was never answered`,
        facts: { sender: client.username, clientMsgId, attempts, firstAt },
      };
    }
  },
};
