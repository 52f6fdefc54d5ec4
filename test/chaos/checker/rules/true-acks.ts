import { formatPosition } from '@chorus/protocol';
import { sendingOf } from '../../history/message-name.js';
import type { Rule } from '../rule.js';

export const trueAcks: Rule = {
  name: 'true-acks',
  promise: 'every ack of a message has its position',
  *check(index) {
    const places = new Map<string, string>();
    for (const { messages, lost } of index.rooms.values()) {
      const gone = new Set(lost.map(({ id }) => id));
      for (const message of messages) {
        if (gone.has(message.id)) continue;
        places.set(sendingOf(message), formatPosition(message));
      }
    }
    for (const [key, { client, roomId, clientMsgId, acks, attempts, forgettable }] of index.sendings) {
      const place = places.get(key);
      const [first] = acks;
      // The position that it had before Redis lost it is no longer valid.
      if (first === undefined || forgettable) continue;
      const expected = place ?? formatPosition(first.position);
      const wrong = acks.find(({ position }) => formatPosition(position) !== expected);
      if (wrong === undefined) continue;
      yield {
        what: `room ${roomId}: ${clientMsgId} of ${client.username} was acked as ${formatPosition(wrong.position)} and is ${expected}`,
        facts: { sender: client.username, clientMsgId, attempts, acks, place },
      };
    }
  },
};
