import pLimit from 'p-limit';
import { z } from 'zod';
import type { Identity } from '../dialect.js';
import { type Answer, type ApiClient, ProvisionError } from './api-client.js';

/** An API hashes at most three passwords at a time; one more request keeps it busy. */
const CONCURRENCY = 4;

export interface AccountOptions {
  readonly prefix: string;
  readonly password: string;
  readonly count: number;
  /** Called with the number of accounts so far. */
  readonly progress: (done: number) => void;
}

interface Account {
  readonly username: string;
  readonly email: string;
  readonly password: string;
}

/**
 * Signs accounts in, and up where they do not exist: accounts of an earlier run with this prefix are used again.
 * @throws {ProvisionError}
 */
export async function openAccounts(api: ApiClient, options: AccountOptions): Promise<Identity[]> {
  const accounts = Array.from({ length: options.count }, (_, index): Account => {
    const username = `${options.prefix}-${index + 1}`;
    return { username, email: `${username}@loadtest.invalid`, password: options.password };
  });
  const [first, ...others] = accounts;
  if (first === undefined) return [];
  // An earlier run decides what to try first: a sign-in in vain costs the API a password hash, a sign-up in vain
  // counts against its limit.
  const known = await signIn(api, first);
  const identities = [known ?? (await signUpAndIn(api, first))];
  const limit = pLimit(CONCURRENCY);
  let done = 1;
  try {
    const rest = others.map((account) =>
      limit(async () => {
        const identity = (known && (await signIn(api, account))) ?? (await signUpAndIn(api, account));
        options.progress(++done);
        return identity;
      }),
    );
    identities.push(...(await Promise.all(rest)));
  } finally {
    limit.clearQueue();
  }
  return identities;
}

const userSchema = z.object({ id: z.int().positive(), username: z.string() });

/** Returns undefined when there is no such account, or its password differs. */
async function signIn(api: ApiClient, { email, password }: Account): Promise<Identity | undefined> {
  const answer = await api.request('/api/users/signin', { body: { email, password } });
  if (answer.status === 401) return undefined;
  const user = userSchema.safeParse(answer.body);
  const [, token] =
    /^jwt=([^;]+)/.exec(answer.cookies.find((cookie) => cookie.startsWith('jwt=')) ?? '') ?? [];
  if (answer.status !== 200 || !user.success || token === undefined) {
    throw failure(api, 'a sign-in', answer, 'SIGNIN_ATTEMPTS_PER_ADDRESS');
  }
  return { userId: user.data.id, username: user.data.username, token };
}

async function signUpAndIn(api: ApiClient, account: Account): Promise<Identity> {
  const answer = await api.request('/api/users/signup', { body: account });
  if (answer.status !== 200 && answer.status !== 409) {
    throw failure(api, 'a sign-up', answer, 'SIGNUP_ATTEMPTS_PER_ADDRESS');
  }
  const identity = await signIn(api, account);
  if (identity !== undefined) return identity;
  throw new ProvisionError(
    `--api ${api.url}: ${account.username} has another password; set LOADTEST_PASSWORD, or choose another --prefix`,
  );
}

function failure(api: ApiClient, what: string, answer: Answer, setting: string): ProvisionError {
  const { message } = api.failure(what, answer);
  if (answer.status !== 429) return new ProvisionError(message);
  return new ProvisionError(`${message}; raise ${setting} there, ask for fewer --users, or give --secret`);
}
