import { operation } from '../http/operation.js';
import type { MessageServices } from '../messages/dependencies.js';
import { required } from '../rooms/access.js';
import { roomPath } from '../rooms/inputs.js';
import { NOT_YOURS, UNKNOWN_ROOM } from '../rooms/json.js';
import type { InboxServices } from './dependencies.js';
import { markReadInput } from './inputs.js';
import { readPosition, readPositionJson } from './json.js';

export const markRead = operation(
  {
    id: 'markRead',
    summary: 'Mark a room as read up to a position',
    description:
      'Never moves the position backwards unless `unread` is true. Own messages read everything up to them. Sockets of the user that ' +
      'watch the inbox receive `read`, in rooms with at most 100 members all `chorus.v1` sockets in the room.',
    access: 'rooms',
    scope: 'messages:write',
    counted: true,
    params: roomPath,
    body: markReadInput,
    answer: { status: 200, description: 'Up to where the user has read now.', body: readPositionJson },
    errors: {
      ...UNKNOWN_ROOM,
      403: `${NOT_YOURS[403]} Only members have a read position.`,
      429: 'The user or the key sends more messages, changes and read positions per second than allowed, see `sendMessage`.',
      503: 'PostgreSQL or Redis is unavailable.',
    },
  },
  ({ inbox, messages }: InboxServices & Pick<MessageServices, 'messages'>) =>
    async (ctx, { params: { roomId }, body: { position, unread } }) => {
      messages.take({ user: required(ctx.state), apiKey: ctx.state.key });
      return readPosition(await inbox.markRead(ctx.state, roomId, position, unread));
    },
);
