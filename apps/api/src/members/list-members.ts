import { operation } from '../http/operation.js';
import { listRoomsInput, roomPath } from '../rooms/inputs.js';
import { UNKNOWN_ROOM } from '../rooms/json.js';
import type { MemberServices } from './dependencies.js';
import { roomMember, roomMemberPageJson } from './json.js';

export const listMembers = operation(
  {
    id: 'listRoomMembers',
    summary: 'List the members of a room and their roles, page by page',
    access: 'rooms',
    scope: 'history:read',
    params: roomPath,
    query: listRoomsInput,
    answer: { status: 200, description: 'A page of members.', body: roomMemberPageJson },
    errors: UNKNOWN_ROOM,
  },
  ({ members }: MemberServices) =>
    async (ctx, { params: { roomId }, query: { cursor, limit } }) => {
      const page = await members.list(ctx.state, roomId, cursor, limit);
      return { members: page.members.map(roomMember), nextCursor: page.nextCursor };
    },
);
