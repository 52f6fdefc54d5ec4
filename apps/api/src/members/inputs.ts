import { idSchema, MAX_ID, ROOM_ROLES } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { roomPath } from '../rooms/inputs.js';

const pathId = writtenAs(idSchema, { type: 'integer', minimum: 1, maximum: MAX_ID });

export const memberPath = roomPath.extend({ userId: pathId });

export const putMemberInput = named(
  'MemberRole',
  z.strictObject({
    role: z.enum(ROOM_ROLES, { error: `must be ${ROOM_ROLES.join(', ')}` }).default('member'),
  }),
);

/** A year. */
const MAX_MUTE_SECONDS = 31_536_000;
const MUTE = `must be a whole number from 0 to ${MAX_MUTE_SECONDS}`;

export const muteInput = named(
  'Mute',
  z.strictObject({
    seconds: z
      .int(MUTE)
      .min(0, MUTE)
      .max(MAX_MUTE_SECONDS, MUTE)
      .describe('How long the user may not send; 0 ends the mute.'),
  }),
);

const MIN_SEARCH = 2;
const MAX_SEARCH = 64;
const SEARCH = `must be ${MIN_SEARCH} to ${MAX_SEARCH} characters long`;

export const findUsersInput = z.object({
  search: writtenAs(
    z
      .string(SEARCH)
      .transform((text) => text.normalize('NFKC').trim())
      .refine((text) => [...text].length >= MIN_SEARCH && [...text].length <= MAX_SEARCH, SEARCH)
      .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters'),
    {
      type: 'string',
      minLength: MIN_SEARCH,
      description: `Beginning of the name, ${MIN_SEARCH} to ${MAX_SEARCH} characters, whatever their case.`,
    },
  ),
});
