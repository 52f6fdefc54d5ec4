import { requireAccess } from '@chorus/control';
import { Refusal } from '@chorus/protocol';
import { clientAddress } from '../http/client-address.js';
import { operation } from '../http/operation.js';
import { emailKey, signInInput } from './account-inputs.js';
import { signedIn, TOKEN_HEADER } from './account-json.js';
import type { AuthServices } from './dependencies.js';
import { checkPassword } from './passwords/check-password.js';
import { requirePasswords } from './passwords/require-passwords.js';

/**
 * Issues a token as a cookie. An unknown address and a wrong password take identical steps, so that neither the
 * response nor its time reveals which it was.
 */
export const signIn = operation(
  {
    id: 'signIn',
    summary: 'Sign in: get a token',
    access: 'anyone',
    original: true,
    body: signInInput,
    answer: { status: 200, description: 'The user is signed in.', body: signedIn, headers: TOKEN_HEADER },
    errors: {
      401: 'The e-mail address or the password is wrong.',
      403: 'The user is banned, or `AUTH_PASSWORDS` is off.',
      429: 'Too many attempts that failed with this e-mail address, or too many from this address.',
      503: 'PostgreSQL or Redis is away, or too many passwords wait to be compared.',
    },
  },
  (services: AuthServices) => {
    const { users, limits, tokens, access, cookies } = services;
    return async (ctx, { body: { email, password, returnToken = false } }) => {
      requirePasswords(services);
      await limits.signInAddress.count(clientAddress(ctx));
      const user = await users.findByEmail(email);
      const matches = await checkPassword(services, ctx, emailKey(email), password, user?.passwordHash);
      if (user === undefined || !matches) throw new Refusal('wrong_credentials');
      const { id, username, generation } = user;
      // After the password check: other users must not learn who is banned.
      const [verdict] = await access.check([{ userId: id }]);
      requireAccess(verdict);
      const token = tokens.sign({ id, username }, generation);
      if (returnToken) return { id, username, token };
      cookies.give(ctx, token);
      return { id, username };
    };
  },
);
