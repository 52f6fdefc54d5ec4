import { indexEvents, receipts } from '../../events/event-index.js';
import type { Rule } from '../../rule.js';

export const eventsCommitted: Rule = {
  name: 'events-committed',
  promise:
    'no program receives an event before its change is committed, or an event of a message without the message',
  *check({ history }) {
    if (history.events === undefined) return;
    const { changes } = indexEvents(history.events);
    const deleted = new Set(
      history.events.changes.flatMap(({ what, roomId }) => (what === 'room.deleted' ? roomId : [])),
    );
    for (const { at, event, by } of receipts(history.events)) {
      const change = changes.get(event.id)?.change;
      // The clock of a program counts whole milliseconds.
      if (change !== undefined && at + 1 <= change.committedAt) {
        const early = (change.committedAt - at).toFixed(1);
        yield { what: `${by} received ${event.id} ${early} ms before the commit`, facts: { event, change } };
      }
      const { message, roomId } = event.data;
      if (event.type.startsWith('message.') && message === null && !deleted.has(roomId)) {
        yield { what: `${by} received ${event.id} without its message`, facts: event };
      }
    }
  },
};
