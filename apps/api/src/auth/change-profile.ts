import { Refusal } from '@chorus/protocol';
import { operation } from '../http/operation.js';
import { changeProfileInput } from './account-inputs.js';
import { profile, profileOf } from './account-json.js';
import type { AuthServices } from './dependencies.js';

export const changeProfile = operation(
  {
    id: 'changeProfile',
    summary: 'Change the display name and the avatar',
    description: 'Lists of members and searches have them at once. Messages have the user name only.',
    access: 'token',
    body: changeProfileInput,
    answer: { status: 200, description: 'The account.', body: profile },
    errors: { 404: 'The user of the token has no account.' },
  },
  ({ users }: AuthServices) =>
    async (ctx, { body }) => {
      const user = ctx.state.user && (await users.changeProfile(ctx.state.user.id, body));
      if (user === undefined) throw new Refusal('account_not_found');
      return profileOf(user);
    },
);
