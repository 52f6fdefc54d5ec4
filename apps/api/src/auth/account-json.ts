import { z } from 'zod';
import { named } from '../http/schemas.js';
import type { Account } from './user-repository.js';

const id = z.int().positive();

/** The account of the signed-in user. */
export const account = named(
  'Account',
  z
    .object({ id, username: z.string(), email: z.string().describe('Empty for a user without one.') })
    .describe('The account of the signed-in user.'),
);

/** The account with what the user shows of it. Sign-up answers without: its body is that of the original service. */
export const profile = named(
  'Profile',
  z
    .object({
      ...account.shape,
      displayName: z.string().nullable().describe('Null for none: then the user name is shown.'),
      avatarUrl: z.string().nullable().describe('HTTPS URL; null for none.'),
    })
    .describe('The account of the signed-in user, with what the user shows of it.'),
);

export function profileOf({ id, username, email, displayName, avatarUrl }: Account): z.input<typeof profile> {
  return { id, username, email, displayName: displayName ?? null, avatarUrl: avatarUrl ?? null };
}

/** The token in the body of a response. */
const token = z
  .string()
  .optional()
  .describe('Present if `returnToken` was set, or the request had its token in `Authorization`.');

export const signedIn = named(
  'SignedIn',
  z
    .object({ id, username: z.string(), token })
    .describe('The user who signed in. The token is in the cookie or in `token`.'),
);

export const refreshed = named(
  'Refreshed',
  z
    .object({
      ...signedIn.shape,
      expiresAt: z.int().nonnegative().describe('When the new token expires, in milliseconds since 1970.'),
    })
    .describe('The user of the token and its expiry. The token is in the cookie or in `token`.'),
);

/** The header of responses that set the token cookie. */
export const TOKEN_HEADER = {
  'Set-Cookie': 'The token: `jwt=<token>; HttpOnly; Path=/; Max-Age=3600`.',
};
