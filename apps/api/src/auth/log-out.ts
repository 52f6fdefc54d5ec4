import { z } from 'zod';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';
import type { AuthServices } from './auth-services.js';
import { clearedCookie } from './token-cookie.js';

const signedOut = named('SignedOut', z.object({ message: z.literal('logout successful') }));

/**
 * Ends the session of the token that came with the request, everywhere: requests with any of its tokens are refused from
 * now on, and sockets that were opened with one of them end. Asks for no token: whoever has an expired one wants to be rid of it, too.
 *
 * When that fails the answer is 503 and the cookie is cleared all the same: the next person at that browser must
 * not find somebody signed in. The session itself may go on then, which the status says.
 */
export const logOut = operation(
  {
    id: 'signOut',
    summary: 'Ends a session: all its tokens and sockets',
    description:
      'Needs no token: without one, or with one that does not count any more, only the cookie is cleared. Other ' +
      'sign-ins of the user stay.',
    access: 'anyone',
    answer: {
      status: 200,
      description: 'Signed out.',
      body: signedOut,
      headers: { 'Set-Cookie': 'Clears the cookie.' },
    },
    errors: {
      503:
        'Redis or PostgreSQL is away. The cookie is cleared. Without Redis the session goes on until Redis is back; ' +
        'without PostgreSQL it has ended, but comes back if Redis loses its data. Signing out again mends both.',
    },
  },
  ({ guard, sessions, cookie }: AuthServices) =>
    async (ctx) => {
      ctx.set('Set-Cookie', clearedCookie(cookie));
      const { authorization, cookie: cookies } = ctx.req.headers;
      const admission = guard.authenticate({ authorization, cookie: cookies });
      if (admission.ok && admission.token !== undefined) await sessions.end(admission.token.tokenId);
      return { message: 'logout successful' as const };
    },
);
