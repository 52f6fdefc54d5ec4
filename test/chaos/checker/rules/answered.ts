import type { Rule } from '../rule.js';

export const answered: Rule = {
  name: 'answered',
  promise: 'each message of a client that stayed was acknowledged, or refused for good',
  *check(index) {
    // Answered by an ack, or because its client found the message in the room earlier.
    for (const sending of index.sendings.values()) {
      const { client, roomId, clientMsgId, told, failed, attempts, firstAt } = sending;
      if (!client.stays || client.plain || told || failed !== undefined) continue;
      yield {
        what: `room ${roomId}: ${clientMsgId} of ${client.username} was never answered`,
        facts: { sender: client.username, clientMsgId, attempts, firstAt },
      };
    }
  },
};
