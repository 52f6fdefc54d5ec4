import { TOKEN_TTL_SECONDS } from '@chorus/auth';
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
 * not find somebody signed in. The token itself then lives on, which the status says.
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
      503: 'Redis is away. The cookie is cleared, but the tokens of the session go on until they expire.',
    },
  },
  ({ guard, access, directory, cookie }: AuthServices) =>
    async (ctx) => {
      ctx.set('Set-Cookie', clearedCookie(cookie));
      const { authorization, cookie: cookies } = ctx.req.headers;
      const admission = guard.authenticate({ authorization, cookie: cookies });
      if (admission.ok && admission.token !== undefined) {
        const { tokenId } = admission.token;
        // Not only until this token ends: the session may have newer ones, the last of which was signed just now.
        const lastEnd = Date.now() + TOKEN_TTL_SECONDS * 1_000;
        // In this order: a socket that is told to go finds no way back in.
        await access.revoke(tokenId, lastEnd);
        await directory.announce({ type: 'token-revoked', tokenId });
      }
      return { message: 'logout successful' as const };
    },
);
