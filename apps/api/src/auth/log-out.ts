import type { Handler } from '../http/context.js';
import type { AuthServices } from './auth-services.js';
import { clearedCookie } from './token-cookie.js';

/** Asks for no token: whoever has an expired one wants to be rid of it, too. */
export function logOut({ cookie }: AuthServices): Handler {
  return (ctx) => {
    ctx.set('Set-Cookie', clearedCookie(cookie));
    ctx.body = { message: 'logout successful' };
  };
}
