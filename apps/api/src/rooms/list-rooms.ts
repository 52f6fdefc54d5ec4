import { z } from 'zod';
import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { listRoomsInput, ORIGINAL_PAGE, originalListInput } from './inputs.js';
import { originalRoom, originalRoomJson, restRoom, roomPageJson } from './json.js';
import { LINK_HEADER, originalPage } from './original-page.js';

/** The route of the original service: an array, with the next page in the `Link` header. */
export const listOriginalRooms = operation(
  {
    id: 'listOriginalRooms',
    summary: 'List rooms, for clients of the original service',
    access: 'rooms',
    original: true,
    query: originalListInput,
    answer: {
      status: 200,
      description: `Up to ${ORIGINAL_PAGE} rooms in ascending order of id: public rooms, and private ones of the user.`,
      body: z.array(originalRoomJson),
      headers: LINK_HEADER,
    },
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { query: { after } }) =>
      originalPage(ctx, await rooms.list(ctx.state, after, ORIGINAL_PAGE + 1, false)).map(originalRoom),
);

export const listRooms = operation(
  {
    id: 'listRooms',
    summary: 'List the rooms that the user may find, page by page',
    description: 'Public rooms, and private and direct rooms of which the user is a member.',
    access: 'rooms',
    concurrent: true,
    scope: 'history:read',
    query: listRoomsInput,
    answer: { status: 200, description: 'A page of rooms.', body: roomPageJson },
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { query: { cursor, limit } }) => {
      // One more than requested shows whether there is a next page.
      const found = await rooms.list(ctx.state, cursor, limit + 1, true);
      const page = found.slice(0, limit);
      return {
        rooms: page.map(restRoom),
        nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
);
