import type { Member } from '@chorus/protocol';
import { z } from 'zod';
import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { roomPath, SEED_PAGE, seedListInput } from './inputs.js';
import { memberJson, UNKNOWN_ROOM } from './json.js';
import { LINK_HEADER, seedPage } from './seed-page.js';

const ANSWER = {
  status: 200,
  description: `Up to ${SEED_PAGE} users by ascending id, each once.`,
  body: z.array(memberJson),
  headers: LINK_HEADER,
} as const;

/** Who is in a room, on whichever gateway. */
export const listRoomClients = operation(
  {
    id: 'listMembers',
    summary: 'Says who is in a room, on whichever gateway',
    access: 'rooms',
    original: true,
    params: roomPath,
    query: seedListInput,
    answer: ANSWER,
    errors: UNKNOWN_ROOM,
  },
  ({ rooms, presence }: RoomServices) =>
    async (ctx, { params: { roomId }, query: { after } }) => {
      const { id } = await rooms.get(roomId);
      return seedPage(ctx, await presence.members(id, after, SEED_PAGE + 1)).map(client);
    },
);

/** Everybody who is in any room, each once. */
export const listAllClients = operation(
  {
    id: 'listEveryone',
    summary: 'Says who is in any room',
    access: 'rooms',
    original: true,
    query: seedListInput,
    answer: ANSWER,
  },
  ({ presence }: RoomServices) =>
    async (ctx, { query: { after } }) =>
      seedPage(ctx, await presence.everyone(after, SEED_PAGE + 1)).map(client),
);

const client = ({ id, username }: Member): Member => ({ id, username });
