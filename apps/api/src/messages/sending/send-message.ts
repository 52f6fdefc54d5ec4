import { operation } from '../../http/operation.js';
import { idempotencyKeyOf } from '../../idempotency/idempotency-key.js';
import { roomPath } from '../../rooms/inputs.js';
import type { MessageServices } from '../dependencies.js';
import { IDEMPOTENT, SEND_ERRORS } from '../errors.js';
import { newMessageInput } from '../inputs.js';
import { entryJson } from '../json.js';

export const sendMessage = operation(
  {
    id: 'sendMessage',
    summary: 'Send a message to a room',
    description: IDEMPOTENT,
    access: 'rooms',
    scope: 'messages:write',
    counted: true,
    mirrored: true,
    params: roomPath,
    body: newMessageInput,
    answer: { status: 201, description: 'The message was accepted.', body: entryJson },
    errors: SEND_ERRORS,
  },
  (services: MessageServices) =>
    async (ctx, { params: { roomId }, body }) => {
      const key = idempotencyKeyOf(ctx);
      const sender = await services.sendingRooms.sender(ctx.state, roomId, ctx.state.inRoom, key);
      return { roomId, ...(await services.messages.send(sender, body)) };
    },
);
