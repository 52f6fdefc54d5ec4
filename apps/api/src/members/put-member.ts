import { operation } from '../http/operation.js';
import { NOT_YOURS } from '../rooms/json.js';
import type { MemberServices } from './dependencies.js';
import { memberPath, putMemberInput } from './inputs.js';
import { roomMember, roomMemberJson } from './json.js';

export const putMember = operation(
  {
    id: 'putMember',
    summary: 'Add a member to a room, or change the role of one',
    description:
      'Users who add themselves to a public room follow it. Every change is an entry of the room. ' +
      'The [table of access](access.md) tells who may do it.',
    access: 'rooms',
    scope: 'members:write',
    params: memberPath,
    body: putMemberInput,
    answer: { status: 200, description: 'The member.', body: roomMemberJson },
    errors: {
      ...NOT_YOURS,
      404: 'There is no such room or user.',
      409: 'The user is the last owner.',
      503: 'PostgreSQL or Redis is unavailable. A change that PostgreSQL has takes effect when Redis is available.',
    },
  },
  ({ members }: MemberServices) =>
    async (ctx, { params: { roomId, userId }, body: { role } }) =>
      roomMember(await members.put(ctx.state, roomId, userId, role)),
);
