import type { Rule } from '../rule.js';

export const answered: Rule = {
  name: 'answered',
  promise: 'whoever stayed was told of every message of its own that it is sent, or was refused for good',
  *check(index) {
    // By an ack, or because its client found the message in the room before there was one.
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
