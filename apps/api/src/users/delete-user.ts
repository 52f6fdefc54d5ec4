import { operation } from '../http/operation.js';
import { userPath } from './inputs.js';
import { UNKNOWN_USER } from './json.js';
import type { UserServices } from './service.js';

export const deleteUser = operation(
  {
    id: 'deleteUser',
    summary: 'Delete a person or a bot',
    description:
      'Ends the sessions and sockets of the user, revokes the keys of a bot, and removes the user from all rooms, each time as an entry of the room. Where ' +
      'the user is the last owner, another member becomes the owner. Messages of the user stay, and the name stays taken.',
    access: 'key',
    scope: 'users:write',
    params: userPath,
    answer: { status: 204, description: 'The user is deleted.' },
    errors: {
      ...UNKNOWN_USER,
      503: 'PostgreSQL or Redis is unavailable. If PostgreSQL has the deletion, APIs complete it when Redis is available.',
    },
  },
  ({ accounts }: UserServices) =>
    (_ctx, { params: { userId } }) =>
      accounts.delete(userId),
);
