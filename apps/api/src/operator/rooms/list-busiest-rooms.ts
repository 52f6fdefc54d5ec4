import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import type { OperatorServices } from '../dependencies.js';
import { listRoomsInput } from '../inputs.js';

/** Lists rooms with members present, most members first. */
export function listBusiestRooms({ presence, rooms }: OperatorServices): Handler {
  return async (ctx) => {
    const { limit } = parseInput(listRoomsInput, ctx.query);
    const sizes = await presence.busiest(limit);
    const names = await rooms.names(sizes.map(({ roomId }) => roomId));
    // The name is null if the room was just deleted.
    ctx.body = {
      rooms: sizes.map(({ roomId, members }) => ({ id: roomId, name: names.get(roomId) ?? null, members })),
    };
  };
}
