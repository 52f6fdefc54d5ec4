import { Refusal } from '@chorus/protocol';
import { z } from 'zod';
import type { AuthServices } from '../auth/dependencies.js';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';
import { required } from '../rooms/access.js';
import { scopeRequired } from './require-scope.js';

const tokenJson = named(
  'KeyToken',
  z
    .object({
      id: z.int().positive(),
      username: z.string(),
      token: z.string().describe('Token for sockets. It cannot be renewed: get another one.'),
      expiresAt: z.int().describe('When the token expires, in milliseconds since 1970.'),
    })
    .describe('A token, and the user whom its sockets belong to.'),
);

/**
 * Issues a token for sockets of the user as whom the key acts. On a socket the user reads and sends, so the key needs both scopes;
 * other routes take no such token, which would allow what the scopes of the key do not.
 */
export const createToken = operation(
  {
    id: 'createKeyToken',
    summary: 'Get a token for sockets, by an API key',
    description:
      'For a bot, or with `X-Chorus-User`. Needs the scopes `messages:write` and `history:read`. Only sockets take the token. Revoking the key ends ' +
      'its tokens and closes their sockets.',
    access: 'key',
    scope: 'messages:write',
    counted: true,
    answer: { status: 201, description: 'The token.', body: tokenJson },
    errors: { 404: 'The user has no account.' },
  },
  ({ users, tokens }: AuthServices) =>
    async (ctx) => {
      const { key } = ctx.state;
      if (key === undefined) throw new Error('a request came in without a key');
      if (!key.scopes.has('history:read')) throw scopeRequired('history:read');
      const { id } = required(ctx.state);
      const account = await users.findById(id);
      if (account === undefined) throw new Refusal('account_not_found');
      const { username, generation } = account;
      const user = { id, username, bot: account.kind === 'bot' || undefined };
      const { text, expiresAt } = tokens.signForKey(user, generation, key.id, key.expiresAt);
      return { id, username, token: text, expiresAt };
    },
);
