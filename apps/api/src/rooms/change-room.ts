import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { changeRoomInput, roomPath } from './inputs.js';
import { NOT_YOURS, restRoom, roomJson, UNKNOWN_ROOM } from './json.js';

export const changeRoom = operation(
  {
    id: 'renameRoom',
    summary: 'Change the name, the topic, the slow mode or the retention of a room',
    description:
      'The change is an entry of the room, unless only the retention changes: sockets receive it in the order of the messages.',
    access: 'rooms',
    scope: 'rooms:write',
    params: roomPath,
    body: changeRoomInput,
    answer: { status: 200, description: 'The changed room.', body: roomJson },
    errors: { ...NOT_YOURS, ...UNKNOWN_ROOM },
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { params: { roomId }, body }) =>
      restRoom(await rooms.change(ctx.state, roomId, body)),
);
