import { EVENT_TYPES } from '@chorus/database';
import { idSchema, isStorable, MAX_ID } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { bodyId, cursor, limit } from '../rooms/inputs.js';
import { UNDELIVERED_STATES, type UndeliveredCursor } from './repository.js';

const MAX_URL = 2_000;
const MAX_ROOMS = 1_000;
/** A week. */
const MAX_OVERLAP_SECONDS = 604_800;
const EVENT_ID = 'must be the id of an event, such as evt_42';
const TIME = 'must be a time, such as 2026-12-01T12:00:00Z';
/** Events are recorded neither before 1970 nor after this time; PostgreSQL has no year 0 and reads no year of five digits. */
const LATEST = Date.UTC(9999, 0);

const url = z
  .string()
  .refine((text) => {
    if (text.length > MAX_URL || !isStorable(text) || !URL.canParse(text)) return false;
    const { protocol, username, password } = new URL(text);
    return ['https:', 'http:'].includes(protocol) && username === '' && password === '';
  }, 'must be a URL that begins with https:// or http://, without a user')
  .describe('URL of the endpoint, `https:` or `http:`.');
const events = z
  .array(z.enum(EVENT_TYPES, { error: `must be types of events: ${EVENT_TYPES.join(', ')}` }))
  .max(EVENT_TYPES.length, 'must name each type once')
  .describe('Types of the events that it receives. Empty: all.');
const rooms = z
  .array(bodyId)
  .max(MAX_ROOMS, `must have at most ${MAX_ROOMS} entries`)
  .describe('Rooms whose events it receives. Empty: the events of all rooms and those of no room.');
const time = writtenAs(
  z.iso
    .datetime({ offset: true, error: TIME })
    .transform((text) => new Date(Math.min(Math.max(Date.parse(text), 0), LATEST))),
  { type: 'string', description: 'ISO 8601, such as `2026-12-01T12:00:00Z`.' },
);

/** The position of an event, by its id. */
const eventId = writtenAs(
  z
    .string(EVENT_ID)
    .regex(/^(evt_)?\d{1,15}$/, EVENT_ID)
    .transform((text) => Number(text.replace('evt_', ''))),
  { type: 'string', pattern: '^(evt_)?[0-9]{1,15}$', description: 'Id of an event.' },
);

export const createWebhookInput = named(
  'NewWebhook',
  z.strictObject({ url, events: events.optional(), rooms: rooms.optional() }),
);
export const changeWebhookInput = named(
  'WebhookChange',
  z.strictObject({
    url: url.optional(),
    events: events.optional(),
    rooms: rooms.optional(),
    enabled: z.boolean('must be true or false').optional(),
  }),
);
const OVERLAP = `must be a whole number from 0 to ${MAX_OVERLAP_SECONDS}`;
export const rotateInput = named(
  'SecretRotation',
  z.strictObject({
    overlapSeconds: z
      .int(OVERLAP)
      .min(0, OVERLAP)
      .max(MAX_OVERLAP_SECONDS, OVERLAP)
      .default(86_400)
      .describe('Seconds for which the secret before signs as well.'),
  }),
);
export const resumeInput = named('Resumption', z.strictObject({ after: eventId }));
export const redeliverInput = named(
  'EventSpan',
  z
    .strictObject({ from: time, to: time })
    .refine(({ from, to }) => from <= to, { path: ['to'], message: 'must not be before from' }),
);
export const listWebhooksInput = z.strictObject({ cursor, limit });
const STATE = `must be one of ${UNDELIVERED_STATES.join(', ')}`;
const DELIVERY_CURSOR = 'must be nextCursor of the previous page';
const deliveryCursor = writtenAs(
  z
    .string(DELIVERY_CURSOR)
    .regex(/^(retrying|dead)-\d{1,15}$/, DELIVERY_CURSOR)
    .transform((text): UndeliveredCursor => {
      const [state, before] = text.split('-');
      return { state: state === 'dead' ? 'dead' : 'retrying', before: Number(before) };
    }),
  {
    type: 'string',
    pattern: '^(retrying|dead)-[0-9]{1,15}$',
    description: '`nextCursor` of the previous page.',
  },
);
export const listDeliveriesInput = z.strictObject({
  state: z.enum(UNDELIVERED_STATES, STATE).optional().describe('Only events of this state.'),
  cursor: deliveryCursor.optional(),
  limit,
});
export const webhookPath = z.object({
  webhookId: writtenAs(idSchema, { type: 'integer', minimum: 1, maximum: MAX_ID }),
});
export const deliveryPath = webhookPath.extend({ eventId });
