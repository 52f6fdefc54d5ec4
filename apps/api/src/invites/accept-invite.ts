import { operation } from '../http/operation.js';
import { restRoom, roomJson } from '../rooms/json.js';
import type { InviteServices } from './dependencies.js';
import { codePath } from './json.js';

export const acceptInvite = operation(
  {
    id: 'acceptInvite',
    summary: 'Become a member of a room by an invitation',
    access: 'rooms',
    scope: 'members:write',
    params: codePath,
    answer: { status: 200, description: 'The room.', body: roomJson },
    errors: {
      403: 'The user is banned from the room, or the room is full.',
      404: 'There is no such invitation, or it has ended.',
      503: 'PostgreSQL or Redis is unavailable. A change that PostgreSQL has takes effect when Redis is available.',
    },
  },
  ({ invites }: InviteServices) =>
    async (ctx, { params: { code } }) =>
      restRoom(await invites.accept(ctx.state, code)),
);
