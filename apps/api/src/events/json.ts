import { EVENT_TYPES } from '@chorus/database';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';

const event = named(
  'Event',
  z.object({
    id: z.string().describe('Unique and stable: `evt_` and the position.'),
    type: z.enum(EVENT_TYPES),
    timestamp: writtenAs(z.iso.datetime(), { type: 'string', format: 'date-time' }),
    data: z
      .record(z.string(), z.unknown())
      .describe('What the event is about; a message is as it is when the event is read.'),
  }),
);

export const eventPageJson = named(
  'EventPage',
  z.object({
    events: z.array(event).describe('In ascending order of their positions.'),
    next: z.string().describe('Value of `after` for the next page.'),
  }),
);
