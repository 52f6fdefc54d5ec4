import { operation } from '../../http/operation.js';
import type { MessageServices } from '../dependencies.js';
import { CHANGE_ERRORS, IDEMPOTENT } from '../errors.js';
import { messagePath } from '../inputs.js';
import { entryJson } from '../json.js';
import { changerOf } from '../sender.js';

export const deleteMessage = operation(
  {
    id: 'deleteMessage',
    summary: 'Delete a message',
    description: IDEMPOTENT,
    access: 'rooms',
    scope: 'messages:write',
    counted: true,
    mirrored: true,
    params: messagePath,
    answer: { status: 200, description: 'The change was accepted.', body: entryJson },
    errors: CHANGE_ERRORS,
  },
  (services: MessageServices) =>
    async (ctx, { params: { roomId, position } }) => {
      // Muted users may delete.
      const sender = await changerOf(services, ctx, roomId);
      return { roomId, ...(await services.messages.change(sender, position, { type: 'delete' })) };
    },
);
