import { isKeyToken } from '@chorus/auth';
import { Refusal } from '@chorus/protocol';
import { z } from 'zod';
import type { Context } from '../http/context.js';
import { type Declaration, operation } from '../http/operation.js';
import { named } from '../http/schemas.js';
import { comesFromAnotherSite } from './callers/cross-site.js';
import type { AuthServices } from './dependencies.js';

const signedOut = named('SignedOut', z.object({ message: z.literal('logout successful') }));

const declaration = {
  access: 'anyone',
  answer: {
    status: 200,
    description: 'The session has ended.',
    body: signedOut,
    headers: { 'Set-Cookie': 'Clears the cookie.' },
  },
  errors: {
    403: 'The request comes from a page of another site that `ALLOWED_ORIGINS` does not list. Nothing has changed.',
    503:
      'Redis or PostgreSQL is away. The cookie is cleared. Without Redis the session goes on until Redis is back; ' +
      'without PostgreSQL it has ended, but comes back if Redis loses its data. Signing out again mends both.',
  },
} as const satisfies Partial<Declaration>;

/**
 * Ends the session of the request's token: its tokens are refused, and sockets that were opened with them are closed.
 * Needs no valid token: with an expired token only the cookie is cleared.
 *
 * If ending the session fails, the answer is 503 and the cookie is cleared nevertheless: the next person at that browser
 * must not find another user signed in.
 */
export const logOut = operation(
  {
    id: 'signOut',
    summary: 'Sign out: end a session with its tokens and sockets',
    description:
      'Without a token, or with one that is no longer valid, only the cookie is cleared. Other sessions of the user ' +
      'continue.',
    ...declaration,
  },
  endSession,
);

/** The route of the original service. A link on another site could lead here; such requests are refused. */
export const logOutByGet = operation(
  {
    id: 'signOutByGet',
    summary: 'Sign out, for clients of the original service',
    original: true,
    ...declaration,
  },
  endSession,
);

function endSession({ guard, sessions, cookies, origins }: AuthServices) {
  return async (ctx: Context) => {
    if (comesFromAnotherSite(ctx, origins)) throw new Refusal('other_site');
    cookies.clear(ctx);
    const { authorization, cookie } = ctx.req.headers;
    const admission = guard.authenticate({ authorization, cookie });
    // All tokens of an API key have one id, and the key goes on.
    const token = admission.ok ? admission.token : undefined;
    if (token !== undefined && !isKeyToken(token)) await sessions.end(token.tokenId);
    return { message: 'logout successful' as const };
  };
}
