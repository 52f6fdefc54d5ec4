import { formatPosition, isAfter } from '@chorus/protocol';
import type { StoredMessage } from '../../history/history.js';
import { type RoomIndex, same } from '../../history/index-history.js';
import type { Rule, Violation } from '../rule.js';

export const archive: Rule = {
  name: 'archive',
  promise:
    'the database holds every message that Redis did not lose, once and in order, and the history returns these',
  *check(index) {
    for (const room of index.rooms.values()) {
      if (room.end === undefined) continue;
      yield* compare(room, 'the database', room.end.archive);
      yield* compare(room, 'the history of the API', room.end.pages);
    }
  },
};

function* compare(room: RoomIndex, where: string, messages: readonly StoredMessage[]): Iterable<Violation> {
  const { roomId } = room;
  const held = new Map<string, StoredMessage>();
  let last: StoredMessage | undefined;
  for (const message of messages) {
    if (held.has(message.id)) {
      yield { what: `room ${roomId}: ${where} has ${formatPosition(message)} twice`, facts: message };
    } else if (last !== undefined && !isAfter(message, last)) {
      const what = `room ${roomId}: ${where} has ${formatPosition(message)} after ${formatPosition(last)}`;
      yield { what, facts: { message, last } };
    }
    held.set(message.id, message);
    last = message;
  }
  const lost = new Set(room.lost.map(({ id }) => id));
  for (const message of room.messages) {
    if (lost.has(message.id)) continue;
    const copy = held.get(message.id);
    if (copy === undefined) {
      yield { what: `room ${roomId}: ${where} lacks ${formatPosition(message)}`, facts: message };
    }
  }
  for (const { by, message } of room.sightings) {
    const copy = held.get(message.id);
    if (copy === undefined || same(copy, message)) continue;
    yield {
      what: `room ${roomId}: ${where} has another ${formatPosition(copy)} than ${by}`,
      facts: { held: copy, seen: message },
    };
  }
}
