import type { EventFilter, Webhook } from '@chorus/database';

/** Returns which events a webhook receives. */
export function filterOf({ events, rooms }: Pick<Webhook, 'events' | 'rooms'>): EventFilter {
  return {
    types: events.length === 0 ? undefined : events,
    rooms: rooms.length === 0 ? undefined : rooms.map(Number),
  };
}
