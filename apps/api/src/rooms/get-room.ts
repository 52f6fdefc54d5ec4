import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { roomPath } from './inputs.js';
import { restRoom, roomJson, UNKNOWN_ROOM } from './json.js';

export const getRoom = operation(
  {
    id: 'getRoom',
    summary: 'Get a room',
    access: 'rooms',
    concurrent: true,
    scope: 'history:read',
    params: roomPath,
    answer: { status: 200, description: 'The room.', body: roomJson },
    errors: UNKNOWN_ROOM,
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { params: { roomId } }) =>
      restRoom(await rooms.get(ctx.state, roomId)),
);
