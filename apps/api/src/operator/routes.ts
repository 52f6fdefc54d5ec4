import type { Router } from '@koa/router';
import { auditOperators } from '../audit/audited.js';
import { listAudit } from '../audit/list-audit.js';
import type { RequestState } from '../http/context.js';
import { jsonBody } from '../http/middleware/json-body.js';
import { banUser } from './bans/ban-user.js';
import { liftBan } from './bans/lift-ban.js';
import { listBans } from './bans/list-bans.js';
import { broadcast } from './broadcast.js';
import type { OperatorServices } from './dependencies.js';
import { noQuery } from './inputs.js';
import { createKey } from './keys/create-key.js';
import { listKeys } from './keys/list-keys.js';
import { revokeKey } from './keys/revoke-key.js';
import { listEvents } from './list-events.js';
import { drainNode } from './nodes/drain-node.js';
import { listConnections, listNodes } from './nodes/list-nodes.js';
import { rebalance } from './nodes/rebalance.js';
import { addRoomRoutes } from './rooms/routes.js';
import { addUserRoutes } from './users/routes.js';
import { addWebhookRoutes } from './webhooks/routes.js';

/** Adds the routes of operators. The names of those that change something are the actions in the audit. */
export function addOperatorRoutes(router: Router<RequestState>, services: OperatorServices): void {
  const json = jsonBody();
  router.use(auditOperators(services.audit));
  router.get('/nodes', listNodes(services));
  router.get('/connections', listConnections(services));
  router.get('/bans', listBans(services));
  router.get('/events', listEvents(services));
  router.get('/keys', listKeys(services));
  router.get('/audit', listAudit(services));

  router.post('createKey', '/keys', noQuery, json, createKey(services));
  router.delete('revokeKey', '/keys/:keyId', noQuery, revokeKey(services));
  router.put('banUser', '/users/:userId/ban', noQuery, json, banUser(services));
  router.post('banUser', '/users/:userId/ban', noQuery, json, banUser(services));
  router.delete('liftBan', '/users/:userId/ban', liftBan(services));
  router.post('drainNode', '/nodes/:nodeId/drain', noQuery, json, drainNode(services, true));
  router.delete('endDrain', '/nodes/:nodeId/drain', noQuery, drainNode(services, false));
  router.post('rebalance', '/rebalance', noQuery, json, rebalance(services));
  router.post('broadcast', '/broadcast', noQuery, json, broadcast(services));
  addUserRoutes(router, services);
  addRoomRoutes(router, services);
  addWebhookRoutes(router, services);
}
