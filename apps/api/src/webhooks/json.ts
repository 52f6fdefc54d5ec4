import { EVENT_TYPES, eventIdOf, type Webhook } from '@chorus/database';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import type { Answer } from '../idempotency/stored-answers.js';
import { MAX_REDELIVERIES, UNDELIVERED_STATES } from './repository.js';
import type { Span, UndeliveredPage } from './service.js';
import type { TestResult } from './test-runs.js';

const time = writtenAs(z.iso.datetime(), { type: 'string', format: 'date-time' });
const eventId = z.string().describe('Id of an event: `evt_` and its position.');
const failure = {
  nextAttemptAt: time.nullable(),
  lastStatus: z.int().nullable().describe('Status of the last failed answer; null without an answer.'),
  lastError: z.string().nullable(),
};

const webhookFields = z.object({
  id: z.int().positive(),
  url: z.string(),
  events: z.array(z.enum(EVENT_TYPES)).describe('Types of the events that it receives; empty for all.'),
  rooms: z.array(z.int().positive()).describe('Rooms whose events it receives; empty for all events.'),
  enabled: z.boolean(),
  after: eventId.describe('Every event up to this one is delivered, is retried, or was given up.'),
  createdAt: time,
  failing: z
    .object({ since: time.nullable(), attempts: z.int().nonnegative(), ...failure })
    .nullable()
    .describe(
      'The last failure while the endpoint counts as down or the webhook is disabled; null otherwise.',
    ),
});

export const webhookJson = named('Webhook', webhookFields);

export const secretWebhookJson = named(
  'WebhookWithSecret',
  webhookFields.extend({ secret: z.string().describe('Signs deliveries. It is not shown again.') }),
);

export const webhookPageJson = named(
  'WebhookPage',
  z.object({
    webhooks: z.array(webhookJson).describe('In ascending order of the ids.'),
    nextCursor: z.int().nullable().describe('Value of `cursor` for the next page; null on the last page.'),
  }),
);

export const undeliveredPageJson = named(
  'Deliveries',
  z.object({
    deliveries: z.array(
      z.object({
        eventId,
        roomId: z.int().positive().nullable(),
        state: z
          .enum(UNDELIVERED_STATES)
          .describe(
            '`retrying`: the first event of a room that waits for a retry; `dead`: an event that was given up.',
          ),
        attempts: z
          .int()
          .nonnegative()
          .nullable()
          .describe('Failed attempts; null for events that were given up.'),
        at: time.describe('Time of the first failure, or when the event was given up.'),
        ...failure,
      }),
    ),
    nextCursor: z.string().nullable().describe('Value of `cursor` for the next page; null on the last page.'),
  }),
);

export const redeliveryJson = named('Redelivery', z.object({ from: eventId, to: eventId }));

export const testResultJson = named(
  'WebhookTestResult',
  z.object({
    delivered: z.boolean().describe('Whether the endpoint answered with success.'),
    status: z.int().nullable().describe('Status of the answer; null without one.'),
    error: z.string().nullable().describe('Why it is not delivered; null otherwise.'),
    ms: z.int().nonnegative().describe('Time until the answer, in milliseconds.'),
  }),
);

export const UNKNOWN_WEBHOOK = { 404: 'There is no such webhook.' };
export const UNKNOWN_EVENT = {
  403: `The API key lacks the scope, or ${MAX_REDELIVERIES} redeliveries of the webhook are not finished.`,
  404: 'There is no such webhook or event, or the event is not kept any more.',
};

/** Returns a webhook without its secret. */
export function webhookOf(webhook: Webhook): z.input<typeof webhookJson> {
  const { id, url, events, rooms, enabled, position, createdAt } = webhook;
  const { attempts, failingSince, nextAttemptAt, lastStatus, lastError } = webhook;
  return {
    ...{ id: Number(id), url, events: events as (typeof EVENT_TYPES)[number][] },
    ...{ rooms: rooms.map(Number), enabled },
    after: eventIdOf(position),
    createdAt: createdAt.toISOString(),
    failing:
      failingSince === null && enabled
        ? null
        : {
            since: failingSince?.toISOString() ?? null,
            ...{ attempts, nextAttemptAt: nextAttemptAt?.toISOString() ?? null, lastStatus, lastError },
          },
  };
}

export function secretWebhookOf(webhook: Webhook): z.input<typeof secretWebhookJson> {
  return { ...webhookOf(webhook), secret: webhook.secret };
}

export function webhookPageOf(page: {
  readonly webhooks: readonly Webhook[];
  readonly nextCursor: number | null;
}): z.input<typeof webhookPageJson> {
  return { webhooks: page.webhooks.map(webhookOf), nextCursor: page.nextCursor };
}

export function undeliveredPageOf(page: UndeliveredPage): z.input<typeof undeliveredPageJson> {
  const deliveries = page.deliveries.map(({ cursor, at, nextAttemptAt, ...rest }) => ({
    ...{ ...rest, at: at.toISOString(), nextAttemptAt: nextAttemptAt?.toISOString() ?? null },
  }));
  const { next } = page;
  return { deliveries, nextCursor: next === undefined ? null : `${next.state}-${next.before}` };
}

export function testResultOf(result: TestResult): z.input<typeof testResultJson> {
  return { delivered: result.error === null, ...result };
}

export function redeliveryOf({ from, to }: Span): z.input<typeof redeliveryJson> {
  return { from: eventIdOf(from), to: eventIdOf(to) };
}

/** What is kept of the answer to the request that created a webhook: not the secret. @param prefix beginning of the paths of webhooks */
export const webhookAnswer =
  (prefix: string) =>
  ({ id }: Webhook): Answer => ({ createdId: Number(id), location: `${prefix}/webhooks/${id}` });
