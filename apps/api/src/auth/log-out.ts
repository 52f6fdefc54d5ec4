import { z } from 'zod';
import type { Context } from '../http/context.js';
import { HttpError } from '../http/error.js';
import { type Declaration, operation } from '../http/operation.js';
import { named } from '../http/schemas.js';
import { comesFromAnotherSite } from './cross-site.js';
import type { AuthServices } from './dependencies.js';

const signedOut = named('SignedOut', z.object({ message: z.literal('logout successful') }));

const declaration = {
  access: 'anyone',
  answer: {
    status: 200,
    description: 'Signed out.',
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
 * Ends the session of the token that came with the request: its tokens are refused, and sockets that were opened with one
 * of them end. Needs no valid token: a client with an expired one gets its cookie cleared, too.
 *
 * When that fails the answer is 503 and the cookie is cleared all the same: the next person at that browser must
 * not find another one signed in.
 */
export const logOut = operation(
  {
    id: 'signOut',
    summary: 'Ends a session: all its tokens and sockets',
    description:
      'Needs no token: without one, or with one that does not count any more, only the cookie is cleared. Other ' +
      'sign-ins of the user stay.',
    ...declaration,
  },
  endSession,
);

/** The route of the original service. A link of another site leads here as well, so it is refused. */
export const logOutByGet = operation(
  {
    id: 'signOutByGet',
    summary: 'Like `POST`, for clients of the original service',
    original: true,
    ...declaration,
  },
  endSession,
);

function endSession({ guard, sessions, cookies, origins }: AuthServices) {
  return async (ctx: Context) => {
    if (comesFromAnotherSite(ctx, origins)) throw new HttpError(403, 'another site cannot sign a user out');
    cookies.clear(ctx);
    const { authorization, cookie } = ctx.req.headers;
    const admission = guard.authenticate({ authorization, cookie });
    if (admission.ok && admission.token !== undefined) await sessions.end(admission.token.tokenId);
    return { message: 'logout successful' as const };
  };
}
