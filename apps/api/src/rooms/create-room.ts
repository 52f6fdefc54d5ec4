import { operation } from '../http/operation.js';
import type { RoomServices } from './dependencies.js';
import { createRoomInput, createSeedRoomInput } from './inputs.js';
import { restRoom, roomJson, seedRoom, seedRoomJson } from './json.js';

const ERRORS = {
  403: 'The user is banned, or has created as many rooms as one user may.',
  409: 'The id is taken.',
  503: 'PostgreSQL or Redis is away. No room was made.',
} as const;

/** The seed's way. */
export const createSeedRoom = operation(
  {
    id: 'createSeedRoom',
    summary: 'Makes a room, the seed contract’s way',
    access: 'rooms',
    original: true,
    body: createSeedRoomInput,
    answer: { status: 200, description: 'The new room.', body: seedRoomJson },
    errors: ERRORS,
  },
  ({ rooms }: RoomServices) =>
    async (ctx, { body: { id, name } }) =>
      seedRoom(await rooms.create(ctx.state.user, name, id)),
);

export const createRoom = operation(
  {
    id: 'createRoom',
    summary: 'Makes a room',
    access: 'rooms',
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
    async (ctx, { body: { id, name } }) => {
      const room = await rooms.create(ctx.state.user, name, id);
      ctx.set('Location', `/api/rooms/${room.id}`);
      return restRoom(room);
    },
);
