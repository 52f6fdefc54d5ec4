import { clientAddress } from '../http/client-address.js';
import type { Handler } from '../http/context.js';
import { HttpError } from '../http/http-error.js';
import { parseInput } from '../http/input.js';
import { emailKey, signUpInput } from './account-inputs.js';
import type { AuthServices } from './auth-services.js';
import { accountKey } from './rate-limits.js';

/** Creates an account. Of several that race for a user name or e-mail address, one succeeds. */
export function signUp({ users, passwords, work, limits }: AuthServices): Handler {
  return async (ctx) => {
    const { username, email, password } = parseInput(signUpInput, ctx.request.body);
    await limits.signUpAddress.count(clientAddress(ctx));
    await limits.signUpAccount.count(accountKey(emailKey(email)));
    // Asked before the password is hashed, to hash none in vain, and decided when it is stored.
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
    ctx.body = { id: user.id, username, email };

    async function refuseTaken(): Promise<void> {
      const taken = await users.taken(username, email);
      if (taken !== undefined) throw new HttpError(409, `${taken} already exists`);
    }
  };
}
