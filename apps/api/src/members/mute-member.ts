import { operation } from '../http/operation.js';
import { NOT_YOURS } from '../rooms/json.js';
import type { MemberServices } from './dependencies.js';
import { memberPath, muteInput } from './inputs.js';
import { roomMember, roomMemberJson } from './json.js';

export const muteMember = operation(
  {
    id: 'muteMember',
    summary: 'Keep a user from sending in a room for a time',
    description: 'In public rooms also users who are not members. Leaving the room does not end a mute.',
    access: 'rooms',
    scope: 'members:write',
    params: memberPath,
    body: muteInput,
    answer: { status: 200, description: 'The user.', body: roomMemberJson },
    errors: {
      ...NOT_YOURS,
      404: 'There is no such room, user or member.',
      503: 'PostgreSQL or Redis is unavailable. A change that PostgreSQL has takes effect when Redis is available.',
    },
  },
  ({ members }: MemberServices) =>
    async (ctx, { params: { roomId, userId }, body: { seconds } }) =>
      roomMember(await members.mute(ctx.state, roomId, userId, seconds)),
);
