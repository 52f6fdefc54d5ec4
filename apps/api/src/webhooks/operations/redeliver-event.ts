import { operation } from '../../http/operation.js';
import { deliveryPath } from '../inputs.js';
import { redeliveryJson, redeliveryOf, UNKNOWN_EVENT } from '../json.js';
import type { WebhookServices } from '../service.js';

export const redeliverEvent = operation(
  {
    id: 'redeliverEvent',
    summary: 'Deliver an event once more',
    access: 'key',
    scope: 'webhooks:write',
    params: deliveryPath,
    answer: { status: 202, description: 'The event is delivered soon.', body: redeliveryJson },
    errors: UNKNOWN_EVENT,
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { params: { webhookId, eventId } }) =>
      redeliveryOf(await webhooks.redeliver(webhookId, eventId)),
);
