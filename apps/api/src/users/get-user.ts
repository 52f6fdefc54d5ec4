import { operation } from '../http/operation.js';
import { userPath } from './inputs.js';
import { UNKNOWN_USER, userJson, userOf } from './json.js';
import type { UserServices } from './service.js';

export const getUser = operation(
  {
    id: 'getUser',
    summary: 'Get a person or a bot',
    access: 'key',
    scope: 'users:write',
    params: userPath,
    answer: { status: 200, description: 'The user.', body: userJson },
    errors: UNKNOWN_USER,
  },
  ({ accounts }: UserServices) =>
    async (_ctx, { params: { userId } }) =>
      userOf(await accounts.get(userId)),
);
