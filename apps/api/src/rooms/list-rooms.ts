import { z } from 'zod';
import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { listRoomsInput, SEED_PAGE, seedListInput } from './inputs.js';
import { restRoom, roomPageJson, seedRoom, seedRoomJson } from './json.js';
import { LINK_HEADER, seedPage } from './seed-page.js';

/** The seed's way: an array, and where it goes on in the `Link` header. */
export const listSeedRooms = operation(
  {
    id: 'listSeedRooms',
    summary: 'Lists the rooms, the seed contract’s way',
    access: 'rooms',
    original: true,
    query: seedListInput,
    answer: {
      status: 200,
      description: `Up to ${SEED_PAGE} rooms by ascending id.`,
      body: z.array(seedRoomJson),
      headers: LINK_HEADER,
    },
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { query: { after } }) =>
      seedPage(ctx, await rooms.list(after, SEED_PAGE + 1)).map(seedRoom),
);

export const listRooms = operation(
  {
    id: 'listRooms',
    summary: 'Lists the rooms',
    access: 'rooms',
    query: listRoomsInput,
    answer: { status: 200, description: 'A page of rooms.', body: roomPageJson },
  },
  ({ rooms }: RoomServices) =>
    async (_ctx, { query: { cursor, limit } }) => {
      // One more than asked for tells whether there are more.
      const found = await rooms.list(cursor, limit + 1);
      const page = found.slice(0, limit);
      return {
        rooms: page.map(restRoom),
        nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
);
