import { operation } from '../../http/operation.js';
import { rotateInput, webhookPath } from '../inputs.js';
import { secretWebhookJson, secretWebhookOf, UNKNOWN_WEBHOOK } from '../json.js';
import type { WebhookServices } from '../service.js';

export const rotateSecret = operation(
  {
    id: 'rotateWebhookSecret',
    summary: 'Give a webhook another secret',
    access: 'key',
    scope: 'webhooks:write',
    params: webhookPath,
    body: rotateInput,
    answer: { status: 200, description: 'The webhook with its new secret.', body: secretWebhookJson },
    errors: UNKNOWN_WEBHOOK,
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { params: { webhookId }, body: { overlapSeconds } }) =>
      secretWebhookOf(await webhooks.rotate(webhookId, overlapSeconds)),
);
