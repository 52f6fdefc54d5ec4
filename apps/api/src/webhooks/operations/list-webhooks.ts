import { operation } from '../../http/operation.js';
import { listWebhooksInput } from '../inputs.js';
import { webhookPageJson, webhookPageOf } from '../json.js';
import type { WebhookServices } from '../service.js';

export const listWebhooks = operation(
  {
    id: 'listWebhooks',
    summary: 'List the webhooks of the application',
    access: 'key',
    scope: 'webhooks:write',
    query: listWebhooksInput,
    answer: { status: 200, description: 'A page of webhooks.', body: webhookPageJson },
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { query: { cursor, limit } }) =>
      webhookPageOf(await webhooks.list(cursor, limit)),
);
