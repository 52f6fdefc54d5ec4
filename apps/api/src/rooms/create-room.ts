import type { Handler } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { createRoomInput } from './room-inputs.js';
import { restRoom, seedRoom } from './room-json.js';
import type { RoomService } from './room-service.js';

/** The seed's way. */
export function createSeedRoom(rooms: RoomService): Handler {
  return async (ctx) => {
    const { id, name } = parseInput(createRoomInput, ctx.request.body);
    ctx.body = seedRoom(await rooms.create(ctx.state.user, name, id));
  };
}

export function createRoom(rooms: RoomService): Handler {
  return async (ctx) => {
    const { id, name } = parseInput(createRoomInput, ctx.request.body);
    const room = await rooms.create(ctx.state.user, name, id);
    ctx.status = 201;
    ctx.set('Location', `/api/rooms/${room.id}`);
    ctx.body = restRoom(room);
  };
}
