import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import type { Room } from './repository.js';

/** Reasons of failures of operations on one room. */
export const UNKNOWN_ROOM = { 404: 'There is no such room.' } as const;
export const NOT_YOURS = { 403: 'Somebody else made the room, or the user is banned.' } as const;

const time = writtenAs(z.iso.datetime(), { type: 'string', format: 'date-time' });
const id = z.int().positive();

/** A room in responses of the original routes. */
export const originalRoomJson = named(
  'OriginalRoom',
  z.object({ id, name: z.string() }).describe('A room in the answers of the original routes.'),
);

/** A room in responses of the REST routes. */
export const roomJson = named(
  'Room',
  z.object({
    id,
    name: z.string(),
    createdBy: id.nullable().describe('Id of the user who may change the room; null if no user owns it.'),
    createdAt: time,
    updatedAt: time,
  }),
);

export const roomPageJson = named(
  'RoomPage',
  z.object({
    rooms: z.array(roomJson).describe('In ascending order of id.'),
    nextCursor: id.nullable().describe('Value of `cursor` for the next page; null on the last page.'),
  }),
);

export const memberJson = named(
  'Member',
  z.object({ id, username: z.string() }).describe('A user who is present in a room.'),
);

export function originalRoom(room: Room): z.input<typeof originalRoomJson> {
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
