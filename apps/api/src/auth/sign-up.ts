import { Refusal } from '@chorus/protocol';
import { clientAddress } from '../http/client-address.js';
import { operation } from '../http/operation.js';
import { emailKey, signUpInput } from './account-inputs.js';
import { account } from './account-json.js';
import type { AuthServices } from './dependencies.js';
import { requirePasswords } from './passwords/require-passwords.js';
import { accountKey } from './rate-limits/rate-limits.js';

/** Creates an account. If several requests race for a user name or e-mail address, one succeeds. */
export const signUp = operation(
  {
    id: 'signUp',
    summary: 'Create an account',
    access: 'anyone',
    original: true,
    body: signUpInput,
    answer: { status: 200, description: 'The new account.', body: account },
    errors: {
      403: '`AUTH_PASSWORDS` is off.',
      409: 'The user name or the e-mail address is taken.',
      429: 'Too many attempts with this e-mail address, or from this address.',
      503: 'PostgreSQL or Redis is away, or too many passwords wait to be hashed.',
    },
  },
  ({ users, passwords, rules, work, limits, passwordsOn }: AuthServices) =>
    async (ctx, { body: { username, email, password } }) => {
      requirePasswords({ passwordsOn });
      rules.check('password', password, { username, email });
      await limits.signUpAddress.count(clientAddress(ctx));
      await limits.signUpAccount.count(accountKey(emailKey(email)));
      // Checked before hashing, which is expensive; the database decides when the account is stored.
      await refuseTaken();
      const passwordHash = await work.run(
        () => passwords.hash(password),
        () => ctx.writable,
      );
      const user = await users.create({ username, email, passwordHash });
      if (user === undefined) {
        await refuseTaken();
        throw new Error('the user was neither stored nor taken');
      }
      return { id: user.id, username, email };

      async function refuseTaken(): Promise<void> {
        const taken = await users.taken(username, email);
        if (taken !== undefined) throw new Refusal('conflict', taken);
      }
    },
);
