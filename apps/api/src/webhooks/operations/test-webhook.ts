import { operation } from '../../http/operation.js';
import { webhookPath } from '../inputs.js';
import { testResultJson, testResultOf, UNKNOWN_WEBHOOK } from '../json.js';
import type { WebhookServices } from '../service.js';

export const testWebhook = operation(
  {
    id: 'testWebhook',
    summary: 'Send one test event now, and return how the endpoint answered',
    description:
      'A dispatcher sends it once, signed like others, with the type `webhook.test` and an id that begins with `test_`; also to a disabled webhook.',
    access: 'key',
    scope: 'webhooks:write',
    params: webhookPath,
    answer: { status: 200, description: 'How the endpoint answered.', body: testResultJson },
    errors: { ...UNKNOWN_WEBHOOK, 429: 'A test of the webhook is in progress.' },
  },
  ({ webhooks }: WebhookServices) =>
    async (_ctx, { params: { webhookId } }) =>
      testResultOf(await webhooks.test(webhookId)),
);
