import { indexEvents } from '../checker/events/event-index.js';
import type { EventsSeen } from '../history/events.js';
import { type Spread, spread } from './spread.js';

/** What programs received. Times from the commit of a change, in milliseconds. */
export interface EventFigures {
  readonly events: number;
  /** Requests to the endpoint of the webhook. */
  readonly deliveries: number;
  /** Those that it did not process. */
  readonly refused: number;
  /** Those of events that it had processed. */
  readonly again: number;
  readonly toReader: Spread;
  readonly toWebhook: Spread;
}

/** Returns undefined where no program reads events. */
export function eventFigures(seen: EventsSeen | undefined): EventFigures | undefined {
  if (seen === undefined) return undefined;
  const { pulled, deliveries } = seen;
  const { log, changes, firsts } = indexEvents(seen);
  const since = (receipts: ReadonlyArray<{ at: number; event: { id: string } }>): Spread =>
    spread(
      receipts.flatMap(({ at, event }) => {
        const committedAt = changes.get(event.id)?.change.committedAt;
        return committedAt === undefined ? [] : Math.max(0, at - committedAt);
      }),
    );
  const refused = deliveries.filter(({ answer }) => answer === 'refused').length;
  return {
    ...{ events: log.size, deliveries: deliveries.length, refused },
    ...{ again: deliveries.length - refused - firsts.length },
    ...{ toReader: since(pulled), toWebhook: since(firsts) },
  };
}
