import { operation } from '../http/operation.js';
import { NOT_YOURS } from '../rooms/json.js';
import type { MemberServices } from './dependencies.js';
import { memberPath } from './inputs.js';

export const removeMember = operation(
  {
    id: 'removeMember',
    summary: 'Remove a member from a room; users who remove themselves leave it',
    description:
      'The removal is an entry of the room. Sockets of the user in a private room receive nothing after it: plain ones are closed ' +
      'with code 4406, `chorus.v1` ones receive `room-left`.',
    access: 'rooms',
    scope: 'members:write',
    params: memberPath,
    answer: { status: 204, description: 'The user is not a member any more.' },
    errors: {
      ...NOT_YOURS,
      404: 'There is no such room or member.',
      409: 'The user is the last owner.',
      503:
        'PostgreSQL or Redis is unavailable. A change that PostgreSQL has takes effect when Redis is available; ' +
        'repeated until then, the request has no other answer.',
    },
  },
  ({ members }: MemberServices) =>
    (ctx, { params: { roomId, userId } }) =>
      members.remove(ctx.state, roomId, userId),
);
