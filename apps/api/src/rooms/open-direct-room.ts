import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { directRoomInput } from './inputs.js';
import { restRoom, roomJson } from './json.js';

export const openDirectRoom = operation(
  {
    id: 'openDirectRoom',
    summary: 'Find or create the direct room of the user and others',
    description:
      'There is one direct room for each set of users. Its name is made of their names when it is created.',
    access: 'rooms',
    scope: 'rooms:write',
    body: directRoomInput,
    answer: { status: 200, description: 'The direct room.', body: roomJson },
    errors: {
      403: 'The user is banned, or has created as many rooms as one user may.',
      404: 'One of the users does not exist.',
      503: 'PostgreSQL or Redis is unavailable.',
    },
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { body: { userIds } }) =>
      restRoom(await rooms.direct(ctx.state, userIds)),
);
