import { HttpError } from '../http/http-error.js';
import { operation } from '../http/operation.js';
import { account } from './account-json.js';
import type { AuthServices } from './auth-services.js';

/** Who the token's owner is, as stored. */
export const currentUser = operation(
  {
    id: 'me',
    summary: 'Says whose token it is',
    access: 'token',
    answer: { status: 200, description: 'The account.', body: account },
  },
  ({ users }: AuthServices) =>
    async (ctx) => {
      const user = ctx.state.user && (await users.findById(ctx.state.user.id));
      if (user === undefined) throw new HttpError(401, 'the user of the token does not exist');
      return { id: user.id, username: user.username, email: user.email };
    },
);
