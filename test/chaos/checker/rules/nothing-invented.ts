import { formatPosition } from '@chorus/protocol';
import { sendingOf } from '../../history/message-name.js';
import type { Rule } from '../rule.js';

export const nothingInvented: Rule = {
  name: 'nothing-invented',
  promise:
    'every message that a client received or the database holds was sent unchanged, by that user, to that room',
  *check(index) {
    const names = new Map(index.history.clients.map(({ userId, username }) => [userId, username]));
    for (const { roomId, sightings } of index.rooms.values()) {
      for (const { by, message } of sightings) {
        const sending = index.sendings.get(sendingOf(message));
        const why =
          sending === undefined
            ? 'no client sent it'
            : sending.content !== message.content
              ? 'its content is not what was sent'
              : names.get(message.userId) !== message.username
                ? 'its sender has another name'
                : sending.failed !== undefined
                  ? `its sender was told that it is not there: ${sending.failed}`
                  : undefined;
        if (why === undefined) continue;
        yield {
          what: `room ${roomId}: ${formatPosition(message)}, seen by ${by}: ${why}`,
          facts: { by, message, sent: sending?.content },
        };
      }
    }
  },
};
