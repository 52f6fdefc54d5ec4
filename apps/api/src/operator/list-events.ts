import { readEventsInput } from '../events/inputs.js';
import { type EventServices, readEvents } from '../events/read-events.js';
import type { Handler } from '../http/context.js';
import { parseInput } from '../http/input.js';

/** Lists events, or waits for one. */
export function listEvents(services: EventServices): Handler {
  return async (ctx) => {
    const query = parseInput(readEventsInput, ctx.query);
    const gone = new AbortController();
    ctx.res.once('close', () => gone.abort());
    ctx.body = await readEvents(services, query, gone.signal);
  };
}
