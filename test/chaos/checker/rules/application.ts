import { formatPosition, isAfter, type Position } from '@chorus/protocol';
import { sendingKey, sendingOf } from '../../history/message-name.js';
import { missingFrom } from '../../history/missing.js';
import type { Rule, Violation } from '../rule.js';

export const application: Rule = {
  name: 'application',
  promise:
    'each message that is not lost is passed to the application once, in order, without a hole, and the position of its own messages is reported',
  *check(index) {
    for (const room of index.rooms.values()) {
      const { roomId, views, messages } = room;
      // The gateway that stored the first attempt knows that it is lost, and not that the message exists at another position.
      const attemptLost = [...index.sendings.values()].some(
        (sending) => sending.roomId === roomId && sending.forgettable && sending.attempts > 1,
      );
      for (const view of views) {
        const { client, seen } = view;
        const by = `room ${roomId}: the application of ${client.username}`;
        yield* disorder(by, seen);
        const known = new Set(seen.map(({ id }) => id));
        // Another rule finds one message that is two for two members.
        let names: ReadonlySet<string> | undefined;
        for (const message of missingFrom({ ...view, known }, room)) {
          names ??= new Set(seen.map(sendingOf));
          if (names.has(sendingOf(message))) continue;
          yield {
            what: `${by} was never told of ${formatPosition(message)}`,
            facts: { message, stretches: view.stretches },
          };
        }
        const lacks = room.lost.some(({ id }) => id === undefined || !known.has(id));
        if (client.gaps.includes(roomId) && !lacks && !attemptLost) {
          yield { what: `${by} was told that something is missing`, facts: { seen: seen.length } };
        }
      }
      const places = new Map(messages.map((message) => [sendingOf(message), message]));
      for (const { client } of views) {
        for (const { clientMsgId, position, ...own } of client.sent) {
          if (own.roomId !== roomId) continue;
          const key = sendingKey(client.userId, roomId, clientMsgId);
          const place = places.get(key);
          if (place !== undefined && formatPosition(place) === formatPosition(position)) continue;
          if (index.sendings.get(key)?.forgettable) continue;
          yield {
            what: `room ${roomId}: ${client.username} was told that ${clientMsgId} is ${formatPosition(position)}`,
            facts: { sender: client.username, clientMsgId, place },
          };
        }
      }
    }
  },
};

/** Finds messages that do not come after the previous one, repetitions included. */
function* disorder(by: string, seen: readonly Position[]): Iterable<Violation> {
  let last: Position | undefined;
  for (const message of seen) {
    if (last !== undefined && !isAfter(message, last)) {
      yield {
        what: `${by} was told of ${formatPosition(message)} after ${formatPosition(last)}`,
        facts: { message, after: last },
      };
    }
    last = message;
  }
}
