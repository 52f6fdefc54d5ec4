import { formatPosition, isAfter } from '@chorus/protocol';
import type { ClientHistory } from '../../history/history.js';
import type { LostMessage, View } from '../../history/index-history.js';
import type { Rule } from '../rule.js';

export const told: Rule = {
  name: 'told',
  promise: 'every member that lacks a message which Redis lost was notified of the loss',
  *check({ rooms }) {
    for (const { roomId, views, lost } of rooms.values()) {
      for (const view of views) {
        for (const message of lost) {
          if (!concerns(view, message) || wasTold(view, message)) continue;
          const { client, clientMsgId, acks } = message.sending;
          // A message without an ack is lost when its sender reports it.
          if (acks.length === 0 && message.id === undefined) continue;
          yield {
            what: `room ${roomId}: ${view.client.username} lacks ${formatPosition(message)}, which is lost, and was told nothing`,
            facts: { sender: client.username, clientMsgId, acks, id: message.id, stretches: view.stretches },
          };
        }
      }
    }
  },
};

function concerns({ known, stretches }: View, message: LostMessage): boolean {
  if (message.id !== undefined && known.has(message.id)) return false;
  return stretches.some(
    ({ from, to }) => isAfter(message, from) && (to === undefined || !isAfter(message, to)),
  );
}

/** By a frame of its own, or by the answer to a join with a position. */
function wasTold({ client, roomId }: View, message: LostMessage): boolean {
  // A plain socket is not notified while it is open, only at its next join.
  if (client.plain) return !wasToldNothingIsMissing(client, message);
  return client.events.some((event) => {
    if (event.type === 'history-lost') {
      const { from, to } = event;
      return event.roomId === roomId && isAfter(message, from) && !isAfter(message, to);
    }
    if (event.type !== 'joined' || event.roomId !== roomId || event.recovered) return false;
    const { since, position } = event;
    if (since === undefined || position === undefined) return false;
    return isAfter(message, since) && !isAfter(message, position);
  });
}

/** Whether the client got `recovered: true` after the message was lost, or with a position behind it. */
function wasToldNothingIsMissing({ events }: ClientHistory, message: LostMessage): boolean {
  let askedAt = 0;
  return events.some((event) => {
    if (event.type === 'joining') askedAt = event.at;
    if (event.type !== 'joined' || !event.recovered) return false;
    const { since, position } = event;
    if (since === undefined || position === undefined || !isAfter(message, since)) return false;
    return !isAfter(message, position) || askedAt > message.sending.forgottenBy;
  });
}
