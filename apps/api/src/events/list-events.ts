import { operation } from '../http/operation.js';
import { readEventsInput } from './inputs.js';
import { eventPageJson } from './json.js';
import { type EventServices, readEvents } from './read-events.js';

export const listEvents = operation(
  {
    id: 'listEvents',
    summary: 'Read events from a position on, or wait for one',
    description:
      'Events of all rooms and users, in ascending order of their positions, for programs. A position is a safe cursor: no event ' +
      'appears later at a position that was read.',
    access: 'key',
    scope: 'events:read',
    query: readEventsInput,
    answer: { status: 200, description: 'The events, and where the next page begins.', body: eventPageJson },
    errors: {
      410: 'The events after this position are not kept any more. The text names the position to continue from.',
    },
  },
  (services: EventServices) =>
    async (ctx, { query }) => {
      const gone = new AbortController();
      ctx.res.once('close', () => gone.abort());
      return readEvents(services, query, gone.signal);
    },
);
