import { requireAccess } from '@chorus/control';
import { Refusal } from '@chorus/protocol';
import { z } from 'zod';
import { returnToken } from '../auth/account-inputs.js';
import { signedIn, TOKEN_HEADER } from '../auth/account-json.js';
import type { AuthServices } from '../auth/dependencies.js';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';
import { string } from '../names/text.js';
import { InvalidIdentity, KeysUnavailable } from './identity.js';

const MAX_TOKEN_LENGTH = 16_384;

const exchangeInput = named(
  'TokenExchange',
  z.strictObject({
    token: string()
      .min(1, 'must not be empty')
      .max(MAX_TOKEN_LENGTH, `must be at most ${MAX_TOKEN_LENGTH} characters long`)
      .describe('A JSON Web Token that one of the identity providers in `AUTH_ISSUERS` has signed.'),
    returnToken,
  }),
);

/**
 * Issues a token for the user of another one. No rate limit: a signature cannot be guessed, and a refused token costs less than
 * most requests.
 */
export const exchangeToken = operation(
  {
    id: 'exchange',
    summary: 'Sign in with a token of an identity provider',
    description:
      'The first exchange creates the user. The name is that of the token; if another user has a similar one, a number is added. A later exchange ' +
      'renames the user when the name in the token has changed.',
    access: 'anyone',
    body: exchangeInput,
    answer: { status: 200, description: 'The user is signed in.', body: signedIn, headers: TOKEN_HEADER },
    errors: {
      401: 'The token is not valid: the text says why.',
      403: 'There are no identity providers here, or the user is banned.',
      503: 'PostgreSQL or Redis is away, or the keys of the identity provider cannot be read.',
    },
  },
  ({ identities, tokens, access, cookies }: AuthServices) =>
    async (ctx, { body }) => {
      if (identities === undefined) throw new Refusal('issuers_disabled');
      const { id, username, generation } = await identities.signIn(body.token).catch((error: unknown) => {
        if (error instanceof InvalidIdentity) throw new Refusal('invalid_identity', error.why);
        if (error instanceof KeysUnavailable) throw new Refusal('issuer_unavailable');
        throw error;
      });
      const [verdict] = await access.check([{ userId: id }]);
      requireAccess(verdict);
      const token = tokens.sign({ id, username }, generation);
      if (body.returnToken) return { id, username, token };
      cookies.give(ctx, token);
      return { id, username };
    },
);
