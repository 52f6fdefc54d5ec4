import { ROOM_KINDS, ROOM_ROLES } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import type { Room, RoomOfUser } from './repository.js';

/** Reasons of failures of operations on one room. */
export const UNKNOWN_ROOM = { 404: 'There is no such room.' } as const;
export const NOT_YOURS = { 403: 'The role of the user does not allow it, or the user is banned.' } as const;

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
    kind: z.enum(ROOM_KINDS),
    topic: z.string(),
    slowModeSeconds: z
      .int()
      .nonnegative()
      .describe('Seconds between two messages of one user; 0 for no slow mode.'),
    retentionDays: z
      .int()
      .positive()
      .nullable()
      .describe('Days for which messages are kept; null for no limit of the room itself.'),
    role: z
      .enum(ROOM_ROLES)
      .nullable()
      .describe('Role of the user who asks; null for a user who is not a member.'),
    createdBy: id.nullable().describe('Id of the user who created the room; null for no user.'),
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

export function restRoom(room: RoomOfUser): z.input<typeof roomJson> {
  return {
    id: room.id,
    name: room.name,
    kind: room.kind,
    topic: room.topic,
    slowModeSeconds: room.slowModeSeconds,
    retentionDays: room.retentionDays,
    role: room.role === 'none' ? null : room.role,
    createdBy: room.createdBy,
    createdAt: room.createdAt.toISOString(),
    updatedAt: room.updatedAt.toISOString(),
  };
}
