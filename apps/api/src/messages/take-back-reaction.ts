import { operation } from '../http/operation.js';
import type { MessageServices } from './dependencies.js';
import { CHANGE_ERRORS, IDEMPOTENT } from './errors.js';
import { reactionPath } from './inputs.js';
import { entryJson } from './json.js';
import { senderOf } from './sender.js';

export const takeBackReaction = operation(
  {
    id: 'takeBackReaction',
    summary: 'Take back a reaction to a message',
    description: IDEMPOTENT,
    access: 'rooms',
    params: reactionPath,
    answer: { status: 200, description: 'The change was accepted.', body: entryJson },
    errors: CHANGE_ERRORS,
  },
  (services: MessageServices) =>
    async (ctx, { params: { roomId, position, reaction } }) => {
      // Muted users may take back what they have set.
      const sender = await senderOf(services, ctx, roomId, 'read');
      return { roomId, ...(await services.messages.change(sender, position, { type: 'unreact', reaction })) };
    },
);
