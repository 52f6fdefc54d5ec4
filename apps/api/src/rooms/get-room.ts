import { operation } from '../http/operation.js';
import { roomPath } from './room-inputs.js';
import { restRoom, roomJson, UNKNOWN_ROOM } from './room-json.js';
import type { RoomServices } from './room-services.js';

export const getRoom = operation(
  {
    id: 'getRoom',
    summary: 'Says what a room is called, and whose it is',
    access: 'rooms',
    params: roomPath,
    answer: { status: 200, description: 'The room.', body: roomJson },
    errors: UNKNOWN_ROOM,
  },
  ({ rooms }: RoomServices) =>
    async (_ctx, { params: { roomId } }) =>
      restRoom(await rooms.get(roomId)),
);
