import { clientAddress } from '../http/client-address.js';
import type { Handler } from '../http/context.js';
import { HttpError } from '../http/http-error.js';
import { parseInput } from '../http/input.js';
import { emailKey, signInInput } from './account-inputs.js';
import type { AuthServices } from './auth-services.js';
import { refuse } from './authenticate.js';
import { accountKey } from './rate-limits.js';
import { tokenCookie } from './token-cookie.js';

/**
 * Gives out a token as a cookie. An unknown address and a wrong password take the same steps, so
 * that neither the answer nor its time tells them apart.
 */
export function signIn({ users, passwords, work, limits, tokens, access, cookie }: AuthServices): Handler {
  return async (ctx) => {
    const { email, password } = parseInput(signInInput, ctx.request.body);
    const account = accountKey(emailKey(email));
    await limits.signInAddress.count(clientAddress(ctx));
    const user = await users.findByEmail(email);
    const matches = await work.run(
      async () => {
        // Checked only now: of many guesses sent at once, no more than run at a time get past it.
        await limits.signInAccount.check(account);
        const correct = await passwords.matches(password, user?.passwordHash);
        if (!correct) await limits.signInAccount.count(account);
        return correct;
      },
      () => ctx.writable,
    );
    if (user === undefined || !matches) throw new HttpError(401, 'wrong email or password');
    // Only now: nobody else learns who is banned.
    const [verdict] = await access.check([{ userId: user.id }]);
    refuse(verdict);
    ctx.set('Set-Cookie', tokenCookie(tokens.sign({ id: user.id, username: user.username }), cookie));
    ctx.body = { id: user.id, username: user.username };
  };
}
