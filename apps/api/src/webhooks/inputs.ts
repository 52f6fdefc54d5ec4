import { EVENT_TYPES } from '@chorus/database';
import { idSchema } from '@chorus/protocol';
import { z } from 'zod';

const MAX_URL = 2_000;
const MAX_ROOMS = 1_000;
/** A week. */
const MAX_OVERLAP_SECONDS = 604_800;
const EVENT_ID = 'must be the id of an event, such as evt_42';
const TIME = 'must be a time, such as 2026-12-01T12:00:00Z';

const url = z.string().refine((text) => {
  if (text.length > MAX_URL || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ['https:', 'http:'].includes(protocol) && username === '' && password === '';
}, 'must be a URL that begins with https:// or http://, without a user');
const events = z
  .array(z.enum(EVENT_TYPES, { error: `must be types of events: ${EVENT_TYPES.join(', ')}` }))
  .max(EVENT_TYPES.length, 'must name each type once');
const rooms = z.array(idSchema).max(MAX_ROOMS, `must have at most ${MAX_ROOMS} entries`);
const time = z.iso.datetime({ offset: true, error: TIME }).transform((text) => new Date(text));

/** The position of an event, by its id. */
const eventId = z
  .string(EVENT_ID)
  .regex(/^(evt_)?\d{1,15}$/, EVENT_ID)
  .transform((text) => Number(text.replace('evt_', '')));

export const createWebhookInput = z.strictObject({
  url,
  events: events.optional(),
  rooms: rooms.optional(),
});
export const changeWebhookInput = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  rooms: rooms.optional(),
  enabled: z.boolean('must be true or false').optional(),
});
export const rotateInput = z.strictObject({
  overlapSeconds: z
    .int(`must be a whole number from 0 to ${MAX_OVERLAP_SECONDS}`)
    .min(0, `must be a whole number from 0 to ${MAX_OVERLAP_SECONDS}`)
    .max(MAX_OVERLAP_SECONDS, `must be a whole number from 0 to ${MAX_OVERLAP_SECONDS}`)
    .default(86_400),
});
export const resumeInput = z.strictObject({ after: eventId });
export const redeliverInput = z
  .strictObject({ from: time, to: time })
  .refine(({ from, to }) => from <= to, { path: ['to'], message: 'must not be before from' });
export const webhookPath = z.object({ webhookId: idSchema });
export const deliveryPath = z.object({ webhookId: idSchema, eventId });
