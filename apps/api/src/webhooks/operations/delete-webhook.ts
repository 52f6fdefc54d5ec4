import { operation } from '../../http/operation.js';
import { webhookPath } from '../inputs.js';
import { UNKNOWN_WEBHOOK } from '../json.js';
import type { WebhookServices } from '../service.js';

export const deleteWebhook = operation(
  {
    id: 'deleteWebhook',
    summary: 'Delete a webhook, with the events that wait for it',
    access: 'key',
    scope: 'webhooks:write',
    params: webhookPath,
    answer: { status: 204, description: 'The webhook is deleted.' },
    errors: UNKNOWN_WEBHOOK,
  },
  ({ webhooks }: WebhookServices) =>
    (_ctx, { params: { webhookId } }) =>
      webhooks.remove(webhookId),
);
