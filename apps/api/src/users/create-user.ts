import { Refusal } from '@chorus/protocol';
import { z } from 'zod';
import type { AuthServices } from '../auth/dependencies.js';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';
import { nameText } from '../names/text.js';
import { USER_KINDS, userJson, userOf } from './json.js';

const newUserInput = named(
  'NewUser',
  z.strictObject({
    username: nameText(64),
    kind: z
      .enum(USER_KINDS, { error: 'must be person or bot' })
      .default('person')
      .describe('A bot acts with API keys of its own; a person is acted as with the scope `act-as`.'),
  }),
);

/** Creates a user without a password, as whom only API keys can act. */
export const createUser = operation(
  {
    id: 'createUser',
    summary: 'Create a person or a bot, who has no password',
    access: 'key',
    scope: 'users:write',
    body: newUserInput,
    answer: { status: 201, description: 'The new user.', body: userJson },
    errors: { 409: 'The user name is taken.' },
  },
  ({ users }: Pick<AuthServices, 'users'>) =>
    async (_ctx, { body }) => {
      const user = await users.create(body);
      if (user === undefined) throw new Refusal('conflict', 'username');
      return userOf(user);
    },
);
