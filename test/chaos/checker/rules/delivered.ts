import { formatPosition } from '@chorus/protocol';
import { sendingKey, sendingOf } from '../../history/message-name.js';
import { missingFrom } from '../../history/missing.js';
import type { Rule } from '../rule.js';

export const delivered: Rule = {
  name: 'delivered',
  promise:
    'every acked message that Redis itself did not lose reached every member that was in the room, or resumed over it',
  *check(index) {
    for (const room of index.rooms.values()) {
      const { roomId, views, messages, byId } = room;
      const acked = new Set<string>();
      const names = new Map(messages.map((message) => [sendingOf(message), message]));
      for (const sending of index.sendings.values()) {
        if (sending.roomId !== roomId || sending.acks.length === 0) continue;
        const { client, clientMsgId, content, acks } = sending;
        const message = names.get(sendingKey(client.userId, roomId, clientMsgId));
        if (message !== undefined) acked.add(message.id);
        else if (!sending.forgettable) {
          yield {
            what: `room ${roomId}: no client has ${clientMsgId} of ${client.username}, which was acked`,
            facts: { roomId, sender: client.username, clientMsgId, content, acks },
          };
        }
      }
      for (const view of views) {
        for (const message of missingFrom(view, room)) {
          if (!acked.has(message.id)) continue;
          yield {
            what: `room ${roomId}: ${view.client.username} never got ${formatPosition(message)}, which was acked`,
            facts: { message: byId.get(message.id), member: view.client.username, stretches: view.stretches },
          };
        }
      }
    }
  },
};
