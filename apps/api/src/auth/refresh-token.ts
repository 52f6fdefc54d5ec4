import { isDatabaseUnavailable } from '@chorus/database';
import { operation } from '../http/operation.js';
import { refreshed, TOKEN_HEADER } from './account-json.js';
import { inBody } from './callers/token-cookie.js';
import type { AuthServices } from './dependencies.js';

/**
 * Issues a newer token of the current session. The token's id, by which a sign-out identifies the session, stays. No
 * rate limit: the route needs a valid token, reveals nothing about passwords, and costs less than any other route
 * with a token but one look at the user's name. A page of another site that makes a browser send this request gains nothing: the user only stays
 * signed in, and the page cannot read the response.
 */
export const refreshToken = operation(
  {
    id: 'refresh',
    summary: 'Get a newer token of the current session',
    description:
      'The old token stays valid until it expires. Signing out with any token of the session revokes all of them. A body ' +
      'is ignored.',
    access: 'token',
    answer: { status: 200, description: 'The new token.', body: refreshed, headers: TOKEN_HEADER },
  },
  ({ tokens, cookies, users }: AuthServices) =>
    async (ctx) => {
      const { token } = ctx.state;
      if (token === undefined) throw new Error('a request came in without a token');
      const { id } = token.user;
      const username = (await nameNow(users, id)) ?? token.user.username;
      const renewed = tokens.renew(token, username);
      cookies.give(ctx, renewed.text);
      return { id, username, expiresAt: renewed.expiresAt, ...inBody(ctx, renewed.text) };
    },
);

/** Name of a user; undefined for a user without an account, and while PostgreSQL is unavailable: sessions continue without it. */
async function nameNow(users: AuthServices['users'], id: number): Promise<string | undefined> {
  try {
    return (await users.members([id])).get(id)?.username;
  } catch (error) {
    if (isDatabaseUnavailable(error)) return undefined;
    throw error;
  }
}
