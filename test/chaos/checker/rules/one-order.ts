import { formatPosition, isAfter, type Position } from '@chorus/protocol';
import type { RoomIndex } from '../../history/index-history.js';
import type { Rule, Violation } from '../rule.js';

export const oneOrder: Rule = {
  name: 'one-order',
  promise: 'a position holds one message for all members, and all receive messages in that order',
  *check(index) {
    for (const room of index.rooms.values()) {
      yield* ambiguities(room);
      for (const { client, stays, paged } of room.views) {
        // A client that had not caught up requests some of it again.
        for (const { after, received } of stays) {
          yield* disorder(room.roomId, client.username, received, after);
        }
        for (const { after, received } of paged) {
          yield* disorder(room.roomId, `${client.username} (from the API)`, received, after);
        }
      }
    }
  },
};

function* ambiguities({ roomId, sightings }: RoomIndex): Iterable<Violation> {
  const placeOf = new Map<string, string>();
  const idAt = new Map<string, string>();
  for (const { by, message } of sightings) {
    const place = formatPosition(message);
    const firstPlace = placeOf.get(message.id) ?? place;
    const firstId = idAt.get(place) ?? message.id;
    placeOf.set(message.id, firstPlace);
    idAt.set(place, firstId);
    if (firstPlace !== place) {
      yield {
        what: `room ${roomId}: message ${message.id} is ${place} for ${by}, and ${firstPlace} for others`,
        facts: { by, message, elsewhere: firstPlace },
      };
    } else if (firstId !== message.id) {
      yield {
        what: `room ${roomId}: ${place} is message ${message.id} for ${by}, and ${firstId} for others`,
        facts: { by, message, elsewhere: firstId },
      };
    }
  }
}

function* disorder(
  roomId: number,
  by: string,
  messages: readonly Position[],
  after: Position,
): Iterable<Violation> {
  let last: Position = after;
  for (const message of messages) {
    // A repetition is found by another rule.
    if (isAfter(last, message)) {
      yield {
        what: `room ${roomId}: ${by} got ${formatPosition(message)} after ${formatPosition(last)}`,
        facts: { by, message, after: last },
      };
    }
    last = message;
  }
}
