import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { roomPath } from './inputs.js';
import { NOT_YOURS, UNKNOWN_ROOM } from './json.js';

export const deleteRoom = operation(
  {
    id: 'deleteRoom',
    summary: 'Deletes a room and all that was said in it',
    description: 'Its sockets are closed with code 4404.',
    access: 'rooms',
    params: roomPath,
    answer: { status: 204, description: 'It is gone.' },
    errors: { ...NOT_YOURS, ...UNKNOWN_ROOM },
  },
  ({ rooms }: RoomServices) =>
    (ctx, { params: { roomId } }) =>
      rooms.delete(ctx.state.user, roomId),
);
