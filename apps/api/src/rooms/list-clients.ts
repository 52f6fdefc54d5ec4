import type { Member } from '@chorus/protocol';
import { z } from 'zod';
import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { ORIGINAL_PAGE, originalListInput, roomPath } from './inputs.js';
import { memberJson, UNKNOWN_ROOM } from './json.js';
import { LINK_HEADER, originalPage } from './original-page.js';

const ANSWER = {
  status: 200,
  description: `Up to ${ORIGINAL_PAGE} users in ascending order of id, each once.`,
  body: z.array(memberJson),
  headers: LINK_HEADER,
} as const;

/** Lists the members who are present in a room, on any gateway. */
export const listRoomClients = operation(
  {
    id: 'listMembers',
    summary: 'List the members who are present in a room, on any gateway',
    access: 'rooms',
    scope: 'history:read',
    original: true,
    params: roomPath,
    query: originalListInput,
    answer: ANSWER,
    errors: UNKNOWN_ROOM,
  },
  ({ rooms, presence }: RoomServices) =>
    async (ctx, { params: { roomId }, query: { after } }) => {
      // Both at once: what is found is dropped if the user may not read the room.
      const present = presence.members(roomId, after, ORIGINAL_PAGE + 1);
      present.catch(() => {});
      await rooms.get(ctx.state, roomId);
      return originalPage(ctx, await present).map(client);
    },
);

/** Lists the users who are present in any room, each once. */
export const listAllClients = operation(
  {
    id: 'listEveryone',
    summary: 'List the users who are present in any room',
    access: 'rooms',
    scope: 'history:read',
    original: true,
    query: originalListInput,
    answer: ANSWER,
  },
  ({ presence }: RoomServices) =>
    async (ctx, { query: { after } }) =>
      originalPage(ctx, await presence.everyone(after, ORIGINAL_PAGE + 1)).map(client),
);

const client = ({ id, username }: Member): Member => ({ id, username });
