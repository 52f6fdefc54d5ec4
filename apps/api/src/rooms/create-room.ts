import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { createOriginalRoomInput, createRoomInput } from './inputs.js';
import { originalRoom, originalRoomJson, restRoom, roomJson } from './json.js';

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

export const createRoom = operation(
  {
    id: 'createRoom',
    summary: 'Create a room',
    access: 'rooms',
    scope: 'rooms:write',
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
    async (ctx, { body: { id, name, kind, topic } }) => {
      const room = await rooms.create(ctx.state, { name, kind, topic }, id);
      ctx.set('Location', `/api/rooms/${room.id}`);
      return restRoom(room);
    },
);
