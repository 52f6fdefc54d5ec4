import { Refusal } from '@chorus/protocol';
import { clientAddress } from '../../http/client-address.js';
import { operation } from '../../http/operation.js';
import type { UserServices } from '../../users/service.js';
import { emailKey, resetPasswordInput } from '../account-inputs.js';
import type { AuthServices } from '../dependencies.js';
import { requirePasswords } from '../passwords/require-passwords.js';
import { accountKey } from '../rate-limits/rate-limits.js';
import { resetTokenHash } from './password-resets.js';

/** Sets the password of the user who has a reset link. The link is used up only when the password is changed. */
export const resetPassword = operation(
  {
    id: 'resetPassword',
    summary: 'Set a new password with the token of a reset link',
    description:
      'An operator makes the link, or a mail brings it. It is valid for an hour and can be used once. All sessions of the user end; ' +
      'the user signs in with the new password.',
    access: 'anyone',
    body: resetPasswordInput,
    answer: { status: 204, description: 'The password was changed.' },
    errors: {
      403: '`AUTH_PASSWORDS` is off.',
      404: 'There is no such link: it may have expired or been used, or the password was changed.',
      429: 'Too many attempts from this address.',
      503:
        'PostgreSQL or Redis is away, or too many passwords wait to be hashed. If Redis went away in the middle, the ' +
        'password is changed and the sessions end when Redis is back.',
    },
  },
  (services: AuthServices & UserServices) => {
    const { accounts, passwords, rules, work, limits, sessions } = services;
    return async (ctx, { body: { token, newPassword } }) => {
      requirePasswords(services);
      await limits.signInAddress.count(clientAddress(ctx));
      const user = await accounts.findByResetToken(token);
      if (user === undefined) throw new Refusal('reset_not_found');
      rules.check('newPassword', newPassword, user);
      const passwordHash = await work.run(
        () => passwords.hash(newPassword),
        () => ctx.writable,
      );
      const change = { passwordHash, resetTokenHash: resetTokenHash(token) };
      const generation = await sessions.endAll(user.id, change);
      if (generation === undefined) throw new Refusal('reset_not_found');
      // Users try many passwords before they ask for a link. If Redis is unavailable, the attempts are forgotten later.
      await limits.signInAccount.clear(accountKey(emailKey(user.email))).catch(() => undefined);
    };
  },
);
