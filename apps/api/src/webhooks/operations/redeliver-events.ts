import { operation } from '../../http/operation.js';
import { redeliverInput, webhookPath } from '../inputs.js';
import { redeliveryJson, redeliveryOf, UNKNOWN_EVENT } from '../json.js';
import type { WebhookServices } from '../service.js';

export const redeliverEvents = operation(
  {
    id: 'redeliverEvents',
    summary: 'Deliver the events that were recorded in a span of time once more',
    access: 'key',
    scope: 'webhooks:write',
    params: webhookPath,
    body: redeliverInput,
    answer: { status: 202, description: 'The events are delivered soon.', body: redeliveryJson },
    errors: UNKNOWN_EVENT,
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { params: { webhookId }, body: { from, to } }) =>
      redeliveryOf(await webhooks.redeliverSpan(webhookId, from, to)),
);
