import type { StoredMessage } from '../history.js';
import { sendingKey } from '../index-history.js';
import type { Rule } from '../rule.js';

export const idempotent: Rule = {
  name: 'idempotent',
  promise: 'a message that was sent again under its name is still one message',
  *check(index) {
    for (const { roomId, messages, lost } of index.rooms.values()) {
      const gone = new Set(lost.map(({ id }) => id));
      const firsts = new Map<string, StoredMessage>();
      for (const message of messages) {
        if (message.clientMsgId === undefined || gone.has(message.id)) continue;
        const key = sendingKey(message.userId, roomId, message.clientMsgId);
        const first = firsts.get(key);
        if (first === undefined) firsts.set(key, message);
        else {
          const { attempts } = index.sendings.get(key) ?? {};
          yield {
            what: `room ${roomId}: ${message.clientMsgId} of ${message.username} became two messages`,
            facts: { first, second: message, attempts },
          };
        }
      }
    }
  },
};
