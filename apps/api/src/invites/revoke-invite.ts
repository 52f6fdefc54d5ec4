import { operation } from '../http/operation.js';
import { NOT_YOURS } from '../rooms/json.js';
import type { InviteServices } from './dependencies.js';
import { roomCodePath } from './json.js';

export const revokeInvite = operation(
  {
    id: 'revokeInvite',
    summary: 'Revoke an invitation',
    description: 'Users who have accepted it stay members.',
    access: 'rooms',
    scope: 'members:write',
    params: roomCodePath,
    answer: { status: 204, description: 'The invitation was revoked.' },
    errors: { ...NOT_YOURS, 404: 'There is no such room or invitation.' },
  },
  ({ invites }: InviteServices) =>
    (ctx, { params: { roomId, code } }) =>
      invites.revoke(ctx.state, roomId, code),
);
