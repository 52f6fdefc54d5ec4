import type { Handler } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { renameRoomInput, roomIdOf } from './room-inputs.js';
import { restRoom } from './room-json.js';
import type { RoomService } from './room-service.js';

export function renameRoom(rooms: RoomService): Handler {
  return async (ctx) => {
    const { name } = parseInput(renameRoomInput, ctx.request.body);
    ctx.body = restRoom(await rooms.rename(ctx.state.user, roomIdOf(ctx), name));
  };
}
