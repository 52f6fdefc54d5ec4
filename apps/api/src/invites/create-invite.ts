import { operation } from '../http/operation.js';
import { roomPath } from '../rooms/inputs.js';
import { NOT_YOURS, UNKNOWN_ROOM } from '../rooms/json.js';
import type { InviteServices } from './dependencies.js';
import { inviteJson, inviteOf, newInviteInput } from './json.js';
import type { Invite } from './repository.js';

export const createInvite = operation(
  {
    id: 'createInvite',
    summary: 'Create an invitation to a room',
    access: 'rooms',
    scope: 'members:write',
    params: roomPath,
    idempotent: true,
    body: newInviteInput,
    answer: { status: 201, description: 'The invitation.', body: inviteJson },
    errors: { ...NOT_YOURS, ...UNKNOWN_ROOM },
  },
  ({ invites }: InviteServices) =>
    async (ctx, { params: { roomId }, body: { expiresInSeconds: seconds, maxUses }, once }) => {
      const remember = once?.remember((invite: Invite) => ({
        ...{ createdId: invite.code, body: inviteOf(invite) },
      }));
      return inviteOf(await invites.create(ctx.state, roomId, { seconds, maxUses }, remember));
    },
);
