import { EVENT_TYPES } from '@chorus/database';
import { idSchema, MAX_ID } from '@chorus/protocol';
import { z } from 'zod';
import { writtenAs } from '../http/schemas.js';

/** Events of one page. */
const MAX_EVENTS = 500;
const DEFAULT_EVENTS = 100;
/** Longest time for which a request waits, in seconds. */
const MAX_WAIT_SECONDS = 30;

const AFTER = 'must be a value of next, the id of an event, or latest';
const TYPES = `must be a comma-separated list of ${EVENT_TYPES.join(', ')}`;

const after = writtenAs(
  z
    .string(AFTER)
    .regex(/^(latest|(evt_)?\d{1,16})$/, AFTER)
    .transform((text) => (text === 'latest' ? text : Number(text.replace('evt_', ''))))
    .refine((value) => value === 'latest' || Number.isSafeInteger(value), AFTER)
    .optional(),
  {
    type: 'string',
    pattern: '^(latest|(evt_)?[0-9]{1,15})$',
    description:
      'Events after this one: value of `next` of the previous answer, or the id of an event. `latest`: only events to come. Absent: from the oldest one that is kept.',
  },
);

const limit = writtenAs(
  z
    .string()
    .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${MAX_EVENTS}`)
    .transform(Number)
    .refine((value) => value >= 1 && value <= MAX_EVENTS, `must be a whole number from 1 to ${MAX_EVENTS}`)
    .default(DEFAULT_EVENTS),
  {
    type: 'integer',
    minimum: 1,
    maximum: MAX_EVENTS,
    default: DEFAULT_EVENTS,
    description: 'Largest number of events of the answer.',
  },
);

const wait = writtenAs(
  z
    .string()
    .regex(/^\d{1,2}$/, `must be a whole number from 0 to ${MAX_WAIT_SECONDS}`)
    .transform(Number)
    .refine((value) => value <= MAX_WAIT_SECONDS, `must be a whole number from 0 to ${MAX_WAIT_SECONDS}`)
    .default(0),
  {
    type: 'integer',
    minimum: 0,
    maximum: MAX_WAIT_SECONDS,
    default: 0,
    description: 'Seconds for which an answer without events waits for one.',
  },
);

const types = writtenAs(
  z
    .string(TYPES)
    .transform((text) => text.split(','))
    .refine((all) => all.every((type) => (EVENT_TYPES as readonly string[]).includes(type)), TYPES)
    .optional(),
  {
    type: 'string',
    pattern: `^(${EVENT_TYPES.join('|').replaceAll('.', '\\.')})(,(${EVENT_TYPES.join('|').replaceAll('.', '\\.')}))*$`,
    description: 'Only events of these types, separated by commas.',
  },
);

export const readEventsInput = z.strictObject({
  after,
  limit,
  wait,
  types,
  roomId: writtenAs(idSchema.optional(), {
    type: 'integer',
    minimum: 1,
    maximum: MAX_ID,
    description: 'Only events of this room.',
  }),
});
