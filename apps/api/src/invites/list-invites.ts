import { operation } from '../http/operation.js';
import { roomPath } from '../rooms/inputs.js';
import { NOT_YOURS, UNKNOWN_ROOM } from '../rooms/json.js';
import type { InviteServices } from './dependencies.js';
import { inviteOf, invitePageJson, listInvitesInput } from './json.js';

export const listInvites = operation(
  {
    id: 'listInvites',
    summary: 'List the open invitations to a room, page by page',
    description:
      'For users who may create invitations. Invitations that have expired or are used up are left out.',
    access: 'rooms',
    scope: 'members:write',
    params: roomPath,
    query: listInvitesInput,
    answer: { status: 200, description: 'A page of invitations.', body: invitePageJson },
    errors: { ...NOT_YOURS, ...UNKNOWN_ROOM },
  },
  ({ invites }: InviteServices) =>
    async (ctx, { params: { roomId }, query: { cursor, limit } }) => {
      const found = await invites.list(ctx.state, roomId, cursor, limit + 1);
      const page = found.slice(0, limit);
      return {
        invites: page.map(inviteOf),
        nextCursor: found.length > limit ? (page.at(-1)?.code ?? null) : null,
      };
    },
);
