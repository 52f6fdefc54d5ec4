import type { StoredMessage } from '../../history/history.js';
import { sendingOf } from '../../history/message-name.js';
import type { Rule } from '../rule.js';

export const idempotent: Rule = {
  name: 'idempotent',
  promise: 'a message that was sent once, or again with its id on any socket, is one message',
  *check(index) {
    for (const { roomId, messages, lost } of index.rooms.values()) {
      const gone = new Set(lost.map(({ id }) => id));
      const firsts = new Map<string, StoredMessage>();
      for (const message of messages) {
        if (gone.has(message.id)) continue;
        const key = sendingOf(message);
        const first = firsts.get(key);
        if (first === undefined) firsts.set(key, message);
        else {
          const { attempts } = index.sendings.get(key) ?? {};
          yield {
            what: `room ${roomId}: ${message.clientMsgId ?? message.content} of ${message.username} became two messages`,
            facts: { first, second: message, attempts },
          };
        }
      }
    }
  },
};
