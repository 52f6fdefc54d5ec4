import type { Delivery } from '../../../history/events.js';
import { indexEvents } from '../../events/event-index.js';
import type { Rule } from '../../rule.js';

export const eventsInOrder: Rule = {
  name: 'events-in-order',
  promise:
    'an endpoint that ignores ids which it has processed processes the events of each room in their order',
  *check({ history }) {
    if (history.events === undefined) return;
    const last = new Map<number | undefined, { position: number; delivery: Delivery }>();
    for (const delivery of indexEvents(history.events).firsts) {
      const { id, data } = delivery.event;
      const position = Number(id.replace('evt_', ''));
      const before = last.get(data.roomId);
      if (before !== undefined && before.position > position) {
        yield {
          what: `room ${data.roomId}: the webhook received ${id} behind evt_${before.position}`,
          facts: { delivery, before: before.delivery },
        };
      } else last.set(data.roomId, { position, delivery });
    }
  },
};
