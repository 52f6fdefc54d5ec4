import { type EventFeed, type EventLog, type EventPage, eventJson } from '@chorus/database';
import { Refusal } from '@chorus/protocol';
import type { z } from 'zod';
import type { readEventsInput } from './inputs.js';

export interface EventServices {
  readonly eventLog: EventLog;
  readonly eventFeed: EventFeed;
}

/**
 * Returns the events after a position, and where the next page begins. Waits for an event if there is none.
 * @param signal aborts when the client has gone
 * @throws {Refusal} 410 the events after the position are not kept any more
 */
export async function readEvents(
  { eventLog, eventFeed }: EventServices,
  { after, limit, wait, types, roomId }: z.output<typeof readEventsInput>,
  signal: AbortSignal,
) {
  const filter = { types, rooms: roomId === undefined ? undefined : [roomId] };
  const deadline = performance.now() + wait * 1_000;
  for (let position = await startOf(eventLog, after); ; ) {
    const page: EventPage = await eventLog.page(position, limit, filter);
    const left = deadline - performance.now();
    if (page.events.length > 0 || eventFeed.closed || signal.aborted || (left <= 0 && !page.more)) {
      return { events: page.events.map(eventJson), next: String(page.next) };
    }
    position = page.next;
    if (!page.more) await eventFeed.wait(position, left, signal);
  }
}

/** Returns the position to read from. @throws {Refusal} 410 the events after it are not kept any more */
export async function startOf(
  eventLog: Pick<EventLog, 'ends'>,
  after: number | 'latest' | undefined,
): Promise<number> {
  const { last, removed } = await eventLog.ends();
  if (after === 'latest') return last;
  if (after === undefined) return removed;
  if (after < removed) throw new Refusal('events_expired', removed);
  return Math.min(after, last);
}
