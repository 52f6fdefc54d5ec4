import { operation } from '../http/operation.js';
import { changeUserInput, userPath } from './inputs.js';
import { UNKNOWN_USER, userJson, userOf } from './json.js';
import type { UserServices } from './service.js';

export const changeUser = operation(
  {
    id: 'changeUser',
    summary: 'Rename a person or a bot',
    description:
      'Lists of members and searches have the new name at once, tokens from their next renewal on, sockets when they reconnect. Messages keep the name ' +
      'under which they were sent. The name before is free at once.',
    access: 'key',
    scope: 'users:write',
    params: userPath,
    body: changeUserInput,
    answer: { status: 200, description: 'The user.', body: userJson },
    errors: { ...UNKNOWN_USER, 409: 'The user name is taken.' },
  },
  ({ accounts }: UserServices) =>
    async (_ctx, { params: { userId }, body }) =>
      userOf(await accounts.change(userId, body)),
);
