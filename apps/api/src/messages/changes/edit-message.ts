import { operation } from '../../http/operation.js';
import type { MessageServices } from '../dependencies.js';
import { CHANGE_ERRORS, IDEMPOTENT } from '../errors.js';
import { editInput, messagePath } from '../inputs.js';
import { entryJson } from '../json.js';
import { changerOf } from '../sender.js';

export const editMessage = operation(
  {
    id: 'editMessage',
    summary: 'Replace the text of an own message',
    description: IDEMPOTENT,
    access: 'rooms',
    scope: 'messages:write',
    counted: true,
    mirrored: true,
    params: messagePath,
    body: editInput,
    answer: { status: 200, description: 'The change was accepted.', body: entryJson },
    errors: CHANGE_ERRORS,
  },
  (services: MessageServices) =>
    async (ctx, { params: { roomId, position }, body }) => {
      const sender = await changerOf(services, ctx, roomId, 'changeOwn');
      return { roomId, ...(await services.messages.change(sender, position, { type: 'edit', ...body })) };
    },
);
