import { Tokens } from '@chorus/auth';
import type { Identity } from '../dialect.js';
import { openAccounts } from './accounts.js';
import { ApiClient, ProvisionError } from './api-client.js';
import { openRooms } from './rooms.js';

/** Far from the ids that a database assigns, so that no simulated user has the id of an account. */
const FIRST_ID = 2 ** 40;

export interface ProvisionOptions {
  /** Undefined when none is needed: there is a secret, and the rooms are known. */
  readonly api: string | undefined;
  readonly secret: string | undefined;
  readonly password: string;
  readonly prefix: string;
  readonly users: number;
  readonly rooms: number;
  readonly roomIds: readonly number[] | undefined;
  /** Validity of minted tokens. */
  readonly ttlSeconds: number;
  readonly signal?: AbortSignal;
  readonly progress: (what: string) => void;
}

export interface Provisioned {
  readonly identities: readonly Identity[];
  readonly roomIds: readonly number[];
}

/**
 * Returns users and rooms: users by the secret if there is one, otherwise from the API; rooms by their ids if they
 * are given, otherwise from the API.
 * @throws {ProvisionError}
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { prefix, users, progress } = options;
  const api = options.api === undefined ? undefined : new ApiClient(options.api, options.signal);
  const identities =
    options.secret !== undefined
      ? mintIdentities(options.secret, { prefix, count: users, ttlSeconds: options.ttlSeconds })
      : await openAccounts(required(api), {
          prefix,
          count: users,
          password: options.password,
          progress: (done) => progress(`signing in: ${done} of ${users} accounts`),
        });
  if (options.roomIds !== undefined) return { identities, roomIds: options.roomIds };
  const roomIds = await openRooms(required(api), {
    prefix,
    count: options.rooms,
    token: identities[0]?.token ?? '',
    progress: (done) => progress(`making rooms: ${done} of ${options.rooms}`),
  });
  return { identities, roomIds };
}

function required(api: ApiClient | undefined): ApiClient {
  if (api === undefined) throw new ProvisionError('accounts and rooms need --api');
  return api;
}

/** Creates users without accounts, with tokens signed by the secret. @param ttlSeconds validity of the tokens */
function mintIdentities(
  secret: string,
  options: { readonly prefix: string; readonly count: number; readonly ttlSeconds: number },
): Identity[] {
  const tokens = new Tokens(secret, options.ttlSeconds);
  return Array.from({ length: options.count }, (_, index) => {
    const user = { id: FIRST_ID + index, username: `${options.prefix}-${index + 1}` };
    return { userId: user.id, username: user.username, token: tokens.sign(user) };
  });
}
