import type { AuthServices } from './auth/dependencies.js';
import { userRoutes } from './auth/routes.js';
import type { DocumentServices } from './document/get-document.js';
import { documentRoutes } from './document/routes.js';
import type { EventServices } from './events/read-events.js';
import { eventRoutes } from './events/routes.js';
import type { HealthServices } from './health/ready.js';
import { healthRoutes } from './health/routes.js';
import type { RouteTable } from './http/route-table.js';
import type { InboxServices } from './inbox/dependencies.js';
import { inboxRoutes } from './inbox/routes.js';
import type { InviteServices } from './invites/dependencies.js';
import { inviteRoutes } from './invites/routes.js';
import type { MemberServices } from './members/dependencies.js';
import { memberRoutes } from './members/routes.js';
import type { MessageServices } from './messages/dependencies.js';
import { messageRoutes } from './messages/routes.js';
import type { RoomServices } from './rooms/dependencies.js';
import { roomRoutes } from './rooms/routes.js';
import { keyRoutes } from './users/routes.js';
import type { UserServices } from './users/service.js';
import { webhookRoutes } from './webhooks/routes.js';
import type { WebhookServices } from './webhooks/service.js';

export type PublicServices = HealthServices &
  DocumentServices &
  AuthServices &
  RoomServices &
  MemberServices &
  InviteServices &
  MessageServices &
  InboxServices &
  EventServices &
  WebhookServices &
  UserServices;

/** Every route on the port of users; those of operators are on a port of their own. */
export const publicRoutes: RouteTable<PublicServices> = {
  ...healthRoutes,
  ...documentRoutes,
  ...userRoutes,
  ...keyRoutes,
  ...roomRoutes,
  ...memberRoutes,
  ...inviteRoutes,
  ...messageRoutes,
  ...inboxRoutes,
  ...eventRoutes,
  ...webhookRoutes,
};
