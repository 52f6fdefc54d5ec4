import { Tokens } from '@chorus/auth';
import type { Identity } from '../dialect.js';

/** Far from the ids that a database gives out, so that nobody is played who exists. */
const FIRST_ID = 2 ** 40;

/** Users whom no API knows, with tokens that servers with this secret believe. @param ttlSeconds how long they do */
export function mintIdentities(
  secret: string,
  options: { readonly prefix: string; readonly count: number; readonly ttlSeconds: number },
): Identity[] {
  const tokens = new Tokens(secret, options.ttlSeconds);
  return Array.from({ length: options.count }, (_, index) => {
    const user = { id: FIRST_ID + index, username: `${options.prefix}-${index + 1}` };
    return { userId: user.id, username: user.username, token: tokens.sign(user) };
  });
}
