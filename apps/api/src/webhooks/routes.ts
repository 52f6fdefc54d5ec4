import type { RouteTable } from '../http/route-table.js';
import { changeWebhook } from './operations/change-webhook.js';
import { createWebhook } from './operations/create-webhook.js';
import { deleteWebhook } from './operations/delete-webhook.js';
import { getWebhook } from './operations/get-webhook.js';
import { listDeliveries } from './operations/list-deliveries.js';
import { listWebhooks } from './operations/list-webhooks.js';
import { redeliverEvent } from './operations/redeliver-event.js';
import { redeliverEvents } from './operations/redeliver-events.js';
import { resumeWebhook } from './operations/resume-webhook.js';
import { rotateSecret } from './operations/rotate-secret.js';
import { testWebhook } from './operations/test-webhook.js';
import type { WebhookServices } from './service.js';

/** Routes for API keys with `webhooks:write`. The webhooks belong to the application: every such key manages all of them. */
export const webhookRoutes: RouteTable<WebhookServices> = {
  'POST /api/webhooks': createWebhook,
  'GET /api/webhooks': listWebhooks,
  'GET /api/webhooks/:webhookId': getWebhook,
  'PATCH /api/webhooks/:webhookId': changeWebhook,
  'DELETE /api/webhooks/:webhookId': deleteWebhook,
  'POST /api/webhooks/:webhookId/secret': rotateSecret,
  'POST /api/webhooks/:webhookId/test': testWebhook,
  'POST /api/webhooks/:webhookId/resume': resumeWebhook,
  'POST /api/webhooks/:webhookId/redeliver': redeliverEvents,
  'GET /api/webhooks/:webhookId/deliveries': listDeliveries,
  'POST /api/webhooks/:webhookId/deliveries/:eventId/redeliver': redeliverEvent,
};
