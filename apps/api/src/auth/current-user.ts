import { HttpError } from '../http/error.js';
import { operation } from '../http/operation.js';
import { account } from './account-json.js';
import type { AuthServices } from './dependencies.js';

export const NO_ACCOUNT = 'the user of the token has no account';

/**
 * Who the token's owner is, as stored. A token counts by its signature alone, so that applications can sign tokens for
 * users of their own: such a user may do everything but what needs an account.
 */
export const currentUser = operation(
  {
    id: 'me',
    summary: 'Says whose token it is',
    access: 'token',
    answer: { status: 200, description: 'The account.', body: account },
    errors: { 404: 'The user of the token has no account.' },
  },
  ({ users }: AuthServices) =>
    async (ctx) => {
      const user = ctx.state.user && (await users.findById(ctx.state.user.id));
      if (user === undefined) throw new HttpError(404, NO_ACCOUNT);
      return { id: user.id, username: user.username, email: user.email };
    },
);
