import { operation } from '../http/operation.js';
import { refreshed, TOKEN_HEADER } from './account-json.js';
import type { AuthServices } from './dependencies.js';
import { inBody } from './token-cookie.js';

/**
 * Gives out a newer token of the same session: it keeps the token's id, by which sign-outs name what has ended.
 *
 * Not limited in rate: it asks for a token that counts, tells nothing about passwords, and costs less than any other
 * route with a token. A page of another site that makes a browser send this gains nothing: it only keeps its user
 * signed in, and the answer is not for it to read.
 */
export const refreshToken = operation(
  {
    id: 'refresh',
    summary: 'Gives out a newer token of the same session',
    description:
      'The old token goes on until it expires. Signing out with any token of the session ends all of them. The body, if there is one, is not read.',
    access: 'token',
    answer: { status: 200, description: 'The new token.', body: refreshed, headers: TOKEN_HEADER },
  },
  ({ tokens, cookies }: AuthServices) =>
    (ctx) => {
      const { token } = ctx.state;
      if (token === undefined) throw new Error('a request came in without a token');
      const { id, username } = token.user;
      const renewed = tokens.renew(token);
      cookies.give(ctx, renewed.text);
      return { id, username, expiresAt: renewed.expiresAt, ...inBody(ctx, renewed.text) };
    },
);
