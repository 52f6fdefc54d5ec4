import type { RoomAction } from '@chorus/protocol';
import { type Declaration, operation } from '../../http/operation.js';
import type { MessageServices } from '../dependencies.js';
import { CHANGE_ERRORS, IDEMPOTENT } from '../errors.js';
import { reactionPath } from '../inputs.js';
import { entryJson } from '../json.js';
import { changerOf } from '../sender.js';

/** An operation that sets or takes back a reaction of the user. */
export const reactionOperation = (
  declared: Pick<Declaration, 'id' | 'summary'>,
  type: 'react' | 'unreact',
  action: RoomAction,
) =>
  operation(
    {
      ...declared,
      description: IDEMPOTENT,
      access: 'rooms',
      scope: 'messages:write',
      counted: true,
      mirrored: true,
      params: reactionPath,
      answer: { status: 200, description: 'The change was accepted.', body: entryJson },
      errors: CHANGE_ERRORS,
    },
    (services: MessageServices) =>
      async (ctx, { params: { roomId, position, reaction } }) => {
        const sender = await changerOf(services, ctx, roomId, action);
        return { roomId, ...(await services.messages.change(sender, position, { type, reaction })) };
      },
  );
