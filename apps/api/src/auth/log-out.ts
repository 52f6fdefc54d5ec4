import type { Handler } from '../http/context.js';
import type { AuthServices } from './auth-services.js';
import { clearedCookie } from './token-cookie.js';

/**
 * Ends the token that came with the request, everywhere: requests with it are refused from now on, and sockets
 * that were opened with it end. Asks for no token: whoever has an expired one wants to be rid of it, too.
 *
 * When that fails the answer is 503 and the cookie is cleared all the same: the next person at that browser must
 * not find somebody signed in. The token itself then lives on, which the status says.
 */
export function logOut({ guard, access, directory, cookie }: AuthServices): Handler {
  return async (ctx) => {
    ctx.set('Set-Cookie', clearedCookie(cookie));
    const { authorization, cookie: cookies } = ctx.req.headers;
    const admission = guard.authenticate({ authorization, cookie: cookies });
    if (admission.ok && admission.token !== undefined) {
      const { tokenId, expiresAt } = admission.token;
      // In this order: a socket that is told to go finds no way back in.
      await access.revoke(tokenId, expiresAt);
      await directory.announce({ type: 'token-revoked', tokenId });
    }
    ctx.body = { message: 'logout successful' };
  };
}
