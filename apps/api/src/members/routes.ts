import type { RouteTable } from '../http/route-table.js';
import type { MemberServices } from './dependencies.js';
import { findUsers } from './find-users.js';
import { listMembers } from './list-members.js';
import { muteMember } from './mute-member.js';
import { putMember } from './put-member.js';
import { removeMember } from './remove-member.js';

export const memberRoutes: RouteTable<MemberServices> = {
  'GET /api/rooms/:roomId/members': listMembers,
  'PUT /api/rooms/:roomId/members/:userId': putMember,
  'DELETE /api/rooms/:roomId/members/:userId': removeMember,
  'PUT /api/rooms/:roomId/members/:userId/mute': muteMember,
  'GET /api/users': findUsers,
};
