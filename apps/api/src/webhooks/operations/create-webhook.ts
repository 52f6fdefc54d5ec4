import { operation } from '../../http/operation.js';
import { createWebhookInput } from '../inputs.js';
import { secretWebhookJson, secretWebhookOf } from '../json.js';
import type { WebhookServices } from '../service.js';

export const createWebhook = operation(
  {
    id: 'createWebhook',
    summary: 'Create a webhook, which receives the events from then on',
    access: 'key',
    scope: 'webhooks:write',
    body: createWebhookInput,
    answer: { status: 201, description: 'The webhook with its secret.', body: secretWebhookJson },
    errors: { 403: 'The API key lacks the scope, or the application has `MAX_WEBHOOKS` webhooks.' },
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { body }) =>
      secretWebhookOf(await webhooks.create(body)),
);
