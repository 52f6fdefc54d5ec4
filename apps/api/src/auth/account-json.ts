import { z } from 'zod';
import { named } from '../http/schemas.js';

const id = z.int().positive();

/** A user, as they see themselves. */
export const account = named(
  'Account',
  z.object({ id, username: z.string(), email: z.string() }).describe('A user, as they see themselves.'),
);

/** Who has signed in. */
const token = z
  .string()
  .optional()
  .describe('Only when it was asked for, or the request carried its token in `Authorization`.');

export const signedIn = named(
  'SignedIn',
  z
    .object({ id, username: z.string(), token })
    .describe('Who has signed in; the token is in the cookie, or here when it was asked for.'),
);

export const refreshed = named(
  'Refreshed',
  z
    .object({
      ...signedIn.shape,
      expiresAt: z.int().nonnegative().describe('When the new token ends, in milliseconds since 1970.'),
    })
    .describe('Whose token it is, and how long it counts; the token is in the cookie.'),
);

/** The header of every answer with a token. */
export const TOKEN_HEADER = {
  'Set-Cookie': 'The token: `jwt=<token>; HttpOnly; Path=/; Max-Age=3600`.',
};
