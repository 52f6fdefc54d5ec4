import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import type { Room } from './repository.js';

/** Why the operations of one room fail. */
export const UNKNOWN_ROOM = { 404: 'There is no such room.' } as const;
export const NOT_YOURS = { 403: 'Somebody else made the room, or the user is banned.' } as const;

const time = writtenAs(z.iso.datetime(), { type: 'string', format: 'date-time' });
const id = z.int().positive();

/** A room as the seed contract shows it. */
export const seedRoomJson = named(
  'SeedRoom',
  z.object({ id, name: z.string() }).describe('A room as the seed contract has it.'),
);

/** A room as the REST resource shows it. */
export const roomJson = named(
  'Room',
  z.object({
    id,
    name: z.string(),
    createdBy: id
      .nullable()
      .describe('The user who may change it; null for rooms that nobody in particular made.'),
    createdAt: time,
    updatedAt: time,
  }),
);

export const roomPageJson = named(
  'RoomPage',
  z.object({
    rooms: z.array(roomJson).describe('By ascending id.'),
    nextCursor: id.nullable().describe('What to ask for as `cursor` for more; null on the last page.'),
  }),
);

export const memberJson = named(
  'Member',
  z.object({ id, username: z.string() }).describe('Who is in a room.'),
);

export function seedRoom(room: Room): z.input<typeof seedRoomJson> {
  return { id: room.id, name: room.name };
}

export function restRoom(room: Room): z.input<typeof roomJson> {
  return {
    id: room.id,
    name: room.name,
    createdBy: room.createdBy,
    createdAt: room.createdAt.toISOString(),
    updatedAt: room.updatedAt.toISOString(),
  };
}
