import type { ReceivedEvent } from '../../../history/events.js';
import { indexEvents } from '../../events/event-index.js';
import { saying } from '../../events/expected-events.js';
import type { Rule } from '../../rule.js';

export const eventsDelivered: Rule = {
  name: 'events-delivered',
  promise: 'a webhook receives each event of the log at least once under its id, signed, and nothing else',
  *check({ history }) {
    if (history.events === undefined) return;
    const { log, firsts } = indexEvents(history.events);
    const received = new Set(firsts.map(({ event }) => event.id));
    for (const event of log.values()) {
      if (!received.has(event.id)) yield { what: `the webhook did not receive ${event.id}`, facts: event };
    }
    for (const { event, signed } of history.events.deliveries) {
      const logged = log.get(event.id);
      if (!signed) yield { what: `the webhook received ${event.id} without a valid signature`, facts: event };
      if (logged === undefined) {
        yield { what: `the webhook received ${event.id}, which the log does not have`, facts: event };
      } else if (identity(event) !== identity(logged)) {
        yield { what: `the webhook received another ${event.id} than the log has`, facts: { event, logged } };
      }
    }
  },
};

/** What is the same in every delivery. A message is as it is at that time. */
function identity(event: ReceivedEvent): string {
  return `${event.timestamp} room ${event.data.roomId}: ${saying(event)}`;
}
