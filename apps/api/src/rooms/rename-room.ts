import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { renameRoomInput, roomPath } from './inputs.js';
import { NOT_YOURS, restRoom, roomJson, UNKNOWN_ROOM } from './json.js';

export const renameRoom = operation(
  {
    id: 'renameRoom',
    summary: 'Rename a room',
    access: 'rooms',
    params: roomPath,
    body: renameRoomInput,
    answer: { status: 200, description: 'The renamed room.', body: roomJson },
    errors: { ...NOT_YOURS, ...UNKNOWN_ROOM },
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { params: { roomId }, body: { name } }) =>
      restRoom(await rooms.rename(ctx.state.user, roomId, name)),
);
