import { formatPosition } from '@chorus/protocol';
import type { View } from '../../history/index-history.js';
import type { Rule } from '../rule.js';

export const stored: Rule = {
  name: 'stored',
  promise: 'what a gateway reported as stored is in the database, even if Redis lost it',
  *check({ rooms }) {
    for (const { roomId, end, views, messages, lost } of rooms.values()) {
      if (end === undefined) continue;
      const said = saidToBeStored(views, roomId);
      const held = new Set(end.archive.map(formatPosition));
      // A lost message that no member saw has only the position in its ack.
      for (const message of [...messages, ...lost.filter(({ id }) => id === undefined)]) {
        const { epoch, seq } = message;
        // For earlier epochs the position means only that no more of them will be stored.
        const upTo = said.get(epoch) ?? 0;
        if (seq > upTo || held.has(formatPosition(message))) continue;
        yield {
          what: `room ${roomId}: ${formatPosition(message)} is not in the database, which is said to hold all up to ${epoch}-${upTo}`,
          facts: { message, upTo },
        };
      }
    }
  },
};

/** The highest number of each epoch. */
function saidToBeStored(views: readonly View[], roomId: number): ReadonlyMap<number, number> {
  const said = new Map<number, number>();
  for (const { client } of views) {
    for (const event of client.events) {
      if (event.type !== 'stored' || event.roomId !== roomId) continue;
      const { epoch, seq } = event.position;
      said.set(epoch, Math.max(said.get(epoch) ?? 0, seq));
    }
  }
  return said;
}
