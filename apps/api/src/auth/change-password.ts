import { Refusal } from '@chorus/protocol';
import { operation } from '../http/operation.js';
import { changePasswordInput, emailKey } from './account-inputs.js';
import { signedIn, TOKEN_HEADER } from './account-json.js';
import { inBody } from './callers/token-cookie.js';
import type { AuthServices } from './dependencies.js';
import { checkPassword } from './passwords/check-password.js';
import { requirePasswords } from './passwords/require-passwords.js';

/** Ends all sessions of the user and starts one for the client that sent the request. */
export const changePassword = operation(
  {
    id: 'changePassword',
    summary: 'Change the password and end all other sessions',
    description:
      'All tokens of the user are revoked, and their sockets are closed with code 4401, including those of this client. ' +
      'The answer has the token of a new session; reconnect with it.',
    access: 'token',
    body: changePasswordInput,
    answer: { status: 200, description: 'The password was changed.', body: signedIn, headers: TOKEN_HEADER },
    errors: {
      403: 'The current password is wrong, the user is banned, or `AUTH_PASSWORDS` is off.',
      404: 'The user of the token has no account.',
      429: 'Too many attempts with a wrong password.',
      503:
        'PostgreSQL or Redis is away, or too many passwords wait to be hashed. If Redis went away in the middle, the ' +
        'password is changed and the other sessions end when Redis is back.',
    },
  },
  (services: AuthServices) => {
    const { users, passwords, rules, work, tokens, sessions, cookies } = services;
    return async (ctx, { body: { currentPassword, newPassword } }) => {
      requirePasswords(services);
      const user = ctx.state.user && (await users.findById(ctx.state.user.id));
      if (user === undefined) throw new Refusal('account_not_found');
      const { id, username, email, passwordHash } = user;
      const matches = await checkPassword(services, ctx, emailKey(email), currentPassword, passwordHash);
      if (!matches || passwordHash === undefined) throw new Refusal('wrong_password');
      rules.check('newPassword', newPassword, user);
      const changed = await work.run(
        () => passwords.hash(newPassword),
        () => ctx.writable,
      );
      const generation = await sessions.endAll(id, { passwordHash: changed, replaces: passwordHash });
      if (generation === undefined) throw new Refusal('wrong_password');
      const token = tokens.sign({ id, username }, generation);
      cookies.give(ctx, token);
      return { id, username, ...inBody(ctx, token) };
    };
  },
);
