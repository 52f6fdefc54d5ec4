import { SMALL_ROOM_MEMBERS } from '@chorus/broker';
import { ROOM_ROLES } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { formatPlace, POSITION_PATTERN } from '../messages/json.js';
import type { RoomMember } from './repository.js';

const time = writtenAs(z.iso.datetime().nullable(), {
  anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }],
});

/** What users show of themselves. */
const shown = {
  displayName: z.string().optional().describe('Only for users who have one.'),
  avatarUrl: z.string().optional().describe('HTTPS URL; only for users who have one.'),
};

export const roomMemberJson = named(
  'RoomMember',
  z
    .object({
      id: z.int().positive(),
      bot: z.literal(true).optional().describe('Only for bots.'),
      username: z.string().describe('Empty for a user without an account, which needs `AUTH=open`.'),
      ...shown,
      role: z
        .enum(ROOM_ROLES)
        .nullable()
        .describe('Null for a muted user of a public room who is not a member.'),
      joinedAt: time,
      mutedUntil: time,
      readPosition: writtenAs(z.string().nullable().optional(), {
        anyOf: [{ type: 'string', pattern: POSITION_PATTERN }, { type: 'null' }],
        description:
          `Position up to which the member has read; null for nothing. Only members of rooms with at most ${SMALL_ROOM_MEMBERS} members ` +
          'are told. A message reads everything up to it as soon as it is stored.',
      }),
    })
    .describe('A user who belongs to a room, whether or not present.'),
);

export const roomMemberPageJson = named(
  'RoomMemberPage',
  z.object({
    members: z.array(roomMemberJson).describe('In ascending order of id.'),
    nextCursor: z
      .int()
      .positive()
      .nullable()
      .describe('Value of `cursor` for the next page; null on the last page.'),
  }),
);

export const foundUsersJson = named(
  'FoundUsers',
  z.object({
    users: z
      .array(
        z.object({
          id: z.int().positive(),
          username: z.string(),
          bot: z.literal(true).optional().describe('Only for bots.'),
          ...shown,
        }),
      )
      .describe('In the order of their names.'),
  }),
);

export function roomMember({
  id,
  username,
  bot,
  displayName,
  avatarUrl,
  role,
  joinedAt,
  mutedUntil,
  read,
}: RoomMember): z.input<typeof roomMemberJson> {
  return {
    id,
    username,
    ...(bot ? { bot: true as const } : {}),
    ...(displayName !== undefined && { displayName }),
    ...(avatarUrl !== undefined && { avatarUrl }),
    role: role === 'none' ? null : role,
    joinedAt: joinedAt?.toISOString() ?? null,
    mutedUntil: mutedUntil?.toISOString() ?? null,
    ...(read === undefined ? {} : { readPosition: formatPlace(read) }),
  };
}
