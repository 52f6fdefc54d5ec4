import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { limit, roomPath } from '../rooms/inputs.js';
import type { Invite } from './repository.js';

const time = writtenAs(z.iso.datetime(), { type: 'string', format: 'date-time' });

const DAY_SECONDS = 86_400;
const MAX_SECONDS = 30 * DAY_SECONDS;
const MAX_USES = 10_000;
const SECONDS = `must be a whole number from 60 to ${MAX_SECONDS}`;
const USES = `must be a whole number from 1 to ${MAX_USES}`;

export const newInviteInput = named(
  'NewInvite',
  z.strictObject({
    expiresInSeconds: z
      .int(SECONDS)
      .min(60, SECONDS)
      .max(MAX_SECONDS, SECONDS)
      .default(7 * DAY_SECONDS),
    maxUses: z.int(USES).min(1, USES).max(MAX_USES, USES).default(100),
  }),
);

const codeText = z.string().regex(/^[\w-]{1,64}$/, 'must be a code of an invitation');
const CODE = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' };
const code = writtenAs(codeText, CODE);

export const codePath = z.object({ code });
export const roomCodePath = roomPath.extend({ code });

export const listInvitesInput = z.object({
  cursor: writtenAs(codeText.optional(), {
    ...CODE,
    description: 'Only invitations with codes after this one. Absent for the start of the list.',
  }),
  limit,
});

export const inviteJson = named(
  'Invite',
  z
    .object({
      code: z.string().describe('Secret: a user who has it may become a member.'),
      roomId: z.int().positive(),
      createdAt: time,
      expiresAt: time,
      maxUses: z.int().positive(),
      uses: z.int().nonnegative(),
    })
    .describe('An invitation to a room.'),
);

export const invitePageJson = named(
  'InvitePage',
  z.object({
    invites: z.array(inviteJson).describe('In ascending order of the codes.'),
    nextCursor: z.string().nullable().describe('Value of `cursor` for the next page; null on the last page.'),
  }),
);

export function inviteOf({
  code,
  roomId,
  createdAt,
  expiresAt,
  maxUses,
  uses,
}: Invite): z.input<typeof inviteJson> {
  return {
    code,
    roomId,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    maxUses,
    uses,
  };
}
