import { formatPosition } from '@chorus/protocol';
import { wasAcked } from '../../history/index-history.js';
import type { Rule } from '../rule.js';

export const ackedKept: Rule = {
  name: 'acked-kept',
  promise: 'with REDIS_WAIT_REPLICAS, Redis lost no acked message',
  *check({ history, rooms }) {
    if (history.promises.waitReplicas === 0) return;
    for (const { roomId, lost } of rooms.values()) {
      for (const message of lost.filter(wasAcked)) {
        const { client, clientMsgId, acks, firstAt } = message.sending;
        yield {
          what: `room ${roomId}: ${clientMsgId} of ${client.username} is lost, and was acked as ${formatPosition(message)}`,
          facts: { sender: client.username, clientMsgId, acks, firstAt, id: message.id },
        };
      }
    }
  },
};
