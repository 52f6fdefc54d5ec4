import { Refusal } from '@chorus/protocol';
import { operation } from '../http/operation.js';
import type { UserServices } from '../users/service.js';
import { deleteAccountInput, emailKey } from './account-inputs.js';
import type { AuthServices } from './dependencies.js';
import { checkPassword } from './passwords/check-password.js';

/** Deletes the account of the user who asks. The password is required: a session that was left open must not be enough. */
export const deleteAccount = operation(
  {
    id: 'deleteAccount',
    summary: 'Delete the own account',
    description: 'As `DELETE /api/users/{userId}` does.',
    access: 'token',
    body: deleteAccountInput,
    answer: {
      status: 204,
      description: 'The account is deleted.',
      headers: { 'Set-Cookie': 'Clears the cookie.' },
    },
    errors: {
      403: 'The password is wrong or missing, or the user is banned.',
      404: 'The user of the token has no account.',
      429: 'Too many attempts with a wrong password.',
      503:
        'PostgreSQL or Redis is unavailable, or too many passwords wait to be compared. If PostgreSQL has the deletion, APIs complete it when ' +
        'Redis is available.',
    },
  },
  (services: AuthServices & UserServices) =>
    async (ctx, { body: { password = '' } }) => {
      const user = ctx.state.user && (await services.users.findById(ctx.state.user.id));
      if (user === undefined) throw new Refusal('account_not_found');
      if (user.passwordHash !== undefined) {
        const matches = await checkPassword(services, ctx, emailKey(user.email), password, user.passwordHash);
        if (!matches) throw new Refusal('wrong_password');
      }
      await services.accounts.delete(user.id);
      services.cookies.clear(ctx);
    },
);
