import { operation } from '../../http/operation.js';
import { resumeInput, webhookPath } from '../inputs.js';
import { UNKNOWN_WEBHOOK, webhookJson, webhookOf } from '../json.js';
import type { WebhookServices } from '../service.js';

export const resumeWebhook = operation(
  {
    id: 'resumeWebhook',
    summary: 'Deliver all events after one, also those that were delivered before',
    description: 'Events that wait for a retry are delivered in their place. A disabled webhook is enabled.',
    access: 'key',
    scope: 'webhooks:write',
    params: webhookPath,
    body: resumeInput,
    answer: { status: 200, description: 'The webhook.', body: webhookJson },
    errors: {
      ...UNKNOWN_WEBHOOK,
      410: 'The events after this one are not kept any more. The text names the position to resume from.',
    },
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { params: { webhookId }, body: { after } }) =>
      webhookOf(await webhooks.resume(webhookId, after)),
);
