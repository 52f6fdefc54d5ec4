import { operation } from '../http/operation.js';
import { newUserInput } from './inputs.js';
import { userAnswer, userJson, userOf } from './json.js';
import type { UserServices } from './service.js';

/** Creates a user without a password, as whom only API keys can act. */
export const createUser = operation(
  {
    id: 'createUser',
    summary: 'Create a person or a bot, who has no password',
    access: 'key',
    scope: 'users:write',
    idempotent: true,
    body: newUserInput,
    answer: { status: 201, description: 'The new user.', body: userJson },
    errors: { 409: 'The user name is taken.' },
  },
  ({ accounts }: UserServices) =>
    async (_ctx, { body, once }) =>
      userOf(await accounts.create(body, once?.remember(userAnswer))),
);
