import type { RoomSize } from '@chorus/presence';
import type { Handler } from '../http/context.js';
import { unavailable } from '../http/error.js';
import { parseInput } from '../http/input.js';
import type { OperatorServices } from './dependencies.js';
import { listRoomsInput } from './inputs.js';

/** Rooms with somebody in them, most members first. */
export function listBusiestRooms({ presence, rooms }: OperatorServices): Handler {
  return async (ctx) => {
    const { limit } = parseInput(listRoomsInput, ctx.query);
    // A presence store rejects only when it cannot be reached.
    const sizes: RoomSize[] = await presence.busiest(limit).catch((error: unknown) => {
      throw unavailable(error);
    });
    const names = await rooms.names(sizes.map(({ roomId }) => roomId));
    // Null: deleted this very moment.
    ctx.body = {
      rooms: sizes.map(({ roomId, members }) => ({ id: roomId, name: names.get(roomId) ?? null, members })),
    };
  };
}
