import { Refusal } from '@chorus/protocol';
import { operation } from '../http/operation.js';
import { profile, profileOf } from './account-json.js';
import type { AuthServices } from './dependencies.js';

/**
 * Returns the stored account of the token's user. A token is valid by its signature alone, so applications can sign tokens
 * for their own users. Such a user may do everything that needs no account.
 */
export const currentUser = operation(
  {
    id: 'me',
    summary: 'Get the account of the signed-in user',
    access: 'token',
    concurrent: true,
    answer: { status: 200, description: 'The account.', body: profile },
    errors: { 404: 'The user of the token has no account.' },
  },
  ({ users }: AuthServices) =>
    async (ctx) => {
      const user = ctx.state.user && (await users.findById(ctx.state.user.id));
      if (user === undefined) throw new Refusal('account_not_found');
      return profileOf(user);
    },
);
