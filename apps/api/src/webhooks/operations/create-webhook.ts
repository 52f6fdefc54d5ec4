import { operation } from '../../http/operation.js';
import { ALREADY_CREATED } from '../../idempotency/json.js';
import { createWebhookInput } from '../inputs.js';
import { secretWebhookJson, secretWebhookOf, webhookAnswer } from '../json.js';
import type { WebhookServices } from '../service.js';

export const createWebhook = operation(
  {
    id: 'createWebhook',
    summary: 'Create a webhook, which receives the events from then on',
    access: 'key',
    scope: 'webhooks:write',
    idempotent: true,
    body: createWebhookInput,
    answer: { status: 201, description: 'The webhook with its secret.', body: secretWebhookJson },
    errors: {
      ...ALREADY_CREATED,
      403: 'The API key lacks the scope, or the application has `MAX_WEBHOOKS` webhooks.',
    },
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { body, once }) =>
      secretWebhookOf(await webhooks.create(body, once?.remember(webhookAnswer('/api')))),
);
