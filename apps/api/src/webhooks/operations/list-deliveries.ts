import { operation } from '../../http/operation.js';
import { listDeliveriesInput, webhookPath } from '../inputs.js';
import { UNKNOWN_WEBHOOK, undeliveredPageJson, undeliveredPageOf } from '../json.js';
import type { WebhookServices } from '../service.js';

export const listDeliveries = operation(
  {
    id: 'listDeliveries',
    summary: 'List events that a webhook has not received: they are retried, or were given up',
    access: 'key',
    scope: 'webhooks:write',
    params: webhookPath,
    query: listDeliveriesInput,
    answer: { status: 200, description: 'The events.', body: undeliveredPageJson },
    errors: UNKNOWN_WEBHOOK,
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { params: { webhookId }, query }) =>
      undeliveredPageOf(await webhooks.undelivered(webhookId, query)),
);
