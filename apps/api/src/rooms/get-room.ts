import type { Handler } from '../http/context.js';
import { roomIdOf } from './room-inputs.js';
import { restRoom } from './room-json.js';
import type { RoomService } from './room-service.js';

export function getRoom(rooms: RoomService): Handler {
  return async (ctx) => {
    ctx.body = restRoom(await rooms.get(roomIdOf(ctx)));
  };
}
