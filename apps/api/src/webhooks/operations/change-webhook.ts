import { operation } from '../../http/operation.js';
import { changeWebhookInput, webhookPath } from '../inputs.js';
import { UNKNOWN_WEBHOOK, webhookJson, webhookOf } from '../json.js';
import type { WebhookServices } from '../service.js';

export const changeWebhook = operation(
  {
    id: 'changeWebhook',
    summary: 'Change, disable or enable a webhook',
    description: 'An endpoint that counts as down is tried at once.',
    access: 'key',
    scope: 'webhooks:write',
    params: webhookPath,
    body: changeWebhookInput,
    answer: { status: 200, description: 'The webhook.', body: webhookJson },
    errors: UNKNOWN_WEBHOOK,
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { params: { webhookId }, body }) =>
      webhookOf(await webhooks.change(webhookId, body)),
);
