import { formatPosition } from '@chorus/protocol';
import type { Rule } from '../rule.js';

export const trueAcks: Rule = {
  name: 'true-acks',
  promise: 'an ack says where the message is, every time that it is given',
  *check(index) {
    const places = new Map<string, string>();
    for (const { roomId, messages } of index.rooms.values()) {
      for (const message of messages) {
        places.set(`${message.userId}/${roomId}/${message.clientMsgId}`, formatPosition(message));
      }
    }
    for (const [key, { client, roomId, clientMsgId, acks, attempts }] of index.sendings) {
      const place = places.get(key);
      const [first] = acks;
      if (first === undefined) continue;
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
