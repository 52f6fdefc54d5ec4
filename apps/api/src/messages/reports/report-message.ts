import { Refusal } from '@chorus/protocol';
import { operation } from '../../http/operation.js';
import type { MessageServices } from '../dependencies.js';
import { CHANGE_ERRORS } from '../errors.js';
import { messagePath, reportInput } from '../inputs.js';
import { senderOf } from '../sender.js';
import { reportForUser, reportJson } from './json.js';

export const reportMessage = operation(
  {
    id: 'reportMessage',
    summary: 'Report a message to the moderators of the room',
    description: 'One user has one report of a message: a further one replaces the reason.',
    access: 'rooms',
    scope: 'messages:write',
    params: messagePath,
    body: reportInput,
    answer: { status: 201, description: 'The report.', body: reportJson },
    errors: CHANGE_ERRORS,
  },
  (services: MessageServices) =>
    async (ctx, { params: { roomId, position }, body: { reason } }) => {
      const sender = await senderOf(services, ctx, roomId, 'report');
      services.messages.take(sender);
      const { user, room } = sender;
      const message = await services.history.at(room, position);
      if (message === undefined) throw new Refusal('message_not_found');
      if (message.deleted !== undefined) throw new Refusal('message_deleted');
      return reportForUser(await services.reports.put(roomId, position, user, reason));
    },
);
