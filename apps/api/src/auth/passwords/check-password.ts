import type { Context } from '../../http/context.js';
import type { AuthServices } from '../dependencies.js';
import { accountKey } from '../rate-limits/rate-limits.js';

/**
 * Compares a password with that of an account, within the limit on failures per account.
 * @param emailKey key of the account, whether or not it exists
 * @param stored the account's hash; undefined without an account, which takes as long
 * @throws {Refusal} 429 after too many failures, 503 when too many passwords wait
 */
export function checkPassword(
  { work, limits, passwords }: Pick<AuthServices, 'work' | 'limits' | 'passwords'>,
  ctx: Context,
  emailKey: string,
  password: string,
  stored: string | undefined,
): Promise<boolean> {
  const account = accountKey(emailKey);
  return work.run(
    async () => {
      // After waiting in the queue: of many guesses sent at once, only as many as run concurrently can exceed the
      // limit.
      await limits.signInAccount.check(account);
      const correct = await passwords.matches(password, stored);
      if (!correct) await limits.signInAccount.count(account);
      return correct;
    },
    () => ctx.writable,
  );
}
