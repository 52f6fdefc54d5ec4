import { Refusal } from '@chorus/protocol';
import { operation } from '../../http/operation.js';
import { required } from '../../rooms/access.js';
import type { MessageServices } from '../dependencies.js';
import { CHANGE_ERRORS } from '../errors.js';
import { messagePath, reportInput } from '../inputs.js';
import { reportForUser, reportJson } from './json.js';

export const reportMessage = operation(
  {
    id: 'reportMessage',
    summary: 'Report a message to the moderators of the room',
    description: 'One user has one report of a message: a further one replaces the reason.',
    access: 'rooms',
    scope: 'messages:write',
    counted: true,
    params: messagePath,
    body: reportInput,
    answer: { status: 201, description: 'The report.', body: reportJson },
    errors: CHANGE_ERRORS,
  },
  (services: MessageServices) =>
    async (ctx, { params: { roomId, position }, body: { reason } }) => {
      const user = required(ctx.state);
      const room = await services.rooms.get(ctx.state, roomId, 'report');
      services.messages.take({ user, apiKey: ctx.state.key });
      const message = await services.history.at(room, position);
      if (message === undefined) throw new Refusal('message_not_found');
      if (message.deleted !== undefined) throw new Refusal('message_deleted');
      return reportForUser(await services.reports.put(roomId, position, user, reason));
    },
);
