import type { Handler } from '../http/context.js';
import { roomIdOf } from './room-inputs.js';
import type { RoomService } from './room-service.js';

export function deleteRoom(rooms: RoomService): Handler {
  return async (ctx) => {
    await rooms.delete(ctx.state.user, roomIdOf(ctx));
    ctx.status = 204;
  };
}
