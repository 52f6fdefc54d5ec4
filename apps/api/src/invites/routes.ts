import type { RouteTable } from '../http/route-table.js';
import { acceptInvite } from './accept-invite.js';
import { createInvite } from './create-invite.js';
import type { InviteServices } from './dependencies.js';
import { listInvites } from './list-invites.js';
import { revokeInvite } from './revoke-invite.js';

export const inviteRoutes: RouteTable<InviteServices> = {
  'GET /api/rooms/:roomId/invites': listInvites,
  'POST /api/rooms/:roomId/invites': createInvite,
  'DELETE /api/rooms/:roomId/invites/:code': revokeInvite,
  'POST /api/invites/:code/accept': acceptInvite,
};
