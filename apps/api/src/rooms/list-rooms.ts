import type { Handler } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { listRoomsInput, SEED_PAGE, seedListInput } from './room-inputs.js';
import { restRoom, seedRoom } from './room-json.js';
import type { RoomService } from './room-service.js';
import { seedPage } from './seed-page.js';

/** The seed's way: an array, and where it goes on in the `Link` header. */
export function listSeedRooms(rooms: RoomService): Handler {
  return async (ctx) => {
    const { after } = parseInput(seedListInput, ctx.query);
    ctx.body = seedPage(ctx, await rooms.list(after, SEED_PAGE + 1)).map(seedRoom);
  };
}

export function listRooms(rooms: RoomService): Handler {
  return async (ctx) => {
    const { cursor, limit } = parseInput(listRoomsInput, ctx.query);
    // One more than asked for tells whether there are more.
    const found = await rooms.list(cursor, limit + 1);
    const page = found.slice(0, limit);
    ctx.body = {
      rooms: page.map(restRoom),
      nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
    };
  };
}
