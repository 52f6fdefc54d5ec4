import { operation } from '../http/operation.js';
import type { Answer } from '../idempotency/stored-answers.js';
import type { RoomServices } from './dependencies.js';
import { createOriginalRoomInput, createRoomInput } from './inputs.js';
import { originalRoom, originalRoomJson, restRoom, roomJson } from './json.js';
import type { Room, RoomOfUser } from './repository.js';

const ERRORS = {
  403: 'The user is banned, or has created as many rooms as one user may.',
  409: 'The id is taken.',
  503: 'PostgreSQL or Redis is away. No room was made.',
} as const;

/** The route of the original service. */
export const createOriginalRoom = operation(
  {
    id: 'createOriginalRoom',
    summary: 'Create a room, for clients of the original service',
    access: 'rooms',
    original: true,
    body: createOriginalRoomInput,
    answer: { status: 200, description: 'The new room.', body: originalRoomJson },
    errors: ERRORS,
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { body: { id, name } }) =>
      originalRoom(await rooms.create(ctx.state, { name, kind: 'public', topic: '' }, id)),
);

const pathOf = ({ id }: Room): string => `/api/rooms/${id}`;

/** The answer to the request that created a room. */
const roomAnswer = (room: RoomOfUser): Answer => ({
  ...{ createdId: room.id, body: restRoom(room), location: pathOf(room) },
});

export const createRoom = operation(
  {
    id: 'createRoom',
    summary: 'Create a room',
    access: 'rooms',
    scope: 'rooms:write',
    idempotent: true,
    body: createRoomInput,
    answer: {
      status: 201,
      description: 'The new room.',
      body: roomJson,
      headers: { Location: 'The path of the room.' },
    },
    errors: ERRORS,
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { body: { id, name, kind, topic }, once }) => {
      const room = await rooms.create(ctx.state, { name, kind, topic }, id, once?.remember(roomAnswer));
      ctx.set('Location', pathOf(room));
      return restRoom(room);
    },
);
