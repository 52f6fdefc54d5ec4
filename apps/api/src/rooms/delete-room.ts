import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { roomPath } from './inputs.js';
import { NOT_YOURS, UNKNOWN_ROOM } from './json.js';

export const deleteRoom = operation(
  {
    id: 'deleteRoom',
    summary: 'Delete a room and its messages',
    description:
      'Plain sockets in the room are closed with code 4404; `chorus.v1` sockets receive `room-left`.',
    access: 'rooms',
    scope: 'rooms:write',
    params: roomPath,
    answer: { status: 204, description: 'The room was deleted.' },
    errors: { ...NOT_YOURS, ...UNKNOWN_ROOM },
  },
  ({ rooms }: RoomServices) =>
    (ctx, { params: { roomId } }) =>
      rooms.delete(ctx.state, roomId),
);
