import { operation } from '../../http/operation.js';
import { webhookPath } from '../inputs.js';
import { UNKNOWN_WEBHOOK, webhookJson, webhookOf } from '../json.js';
import type { WebhookServices } from '../service.js';

export const getWebhook = operation(
  {
    id: 'getWebhook',
    summary: 'Get a webhook, without its secret',
    access: 'key',
    scope: 'webhooks:write',
    params: webhookPath,
    answer: { status: 200, description: 'The webhook.', body: webhookJson },
    errors: UNKNOWN_WEBHOOK,
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { params: { webhookId } }) =>
      webhookOf(await webhooks.get(webhookId)),
);
