import { clientMsgIdSchema, Refusal, type RoomAction } from '@chorus/protocol';
import type { Context } from '../http/context.js';
import type { MessageServices } from './dependencies.js';
import type { ReadingSender } from './message-service.js';

const KEY_PROBLEM = 'must be 1 to 64 letters, digits, dots, colons, dashes or underscores';

/**
 * Returns the sender of a change of a message, and the `Idempotency-Key` of the request. The mirror decides: the operation is `mirrored`.
 * @param action undefined: whatever users may do who see the room
 * @throws {Refusal} {UnavailableError} as `ChangingRooms.sender` does; 400 for an invalid key
 */
export function changerOf(
  { changingRooms }: Pick<MessageServices, 'changingRooms'>,
  ctx: Context,
  roomId: number,
  action?: RoomAction,
): Promise<ReadingSender> {
  return changingRooms.sender(ctx.state, roomId, ctx.state.inRoom, idempotencyKeyOf(ctx), action);
}

/** Returns the `Idempotency-Key` of a request. The value may be quoted, as the draft of the header says. @throws {Refusal} 400 */
export function idempotencyKeyOf(ctx: Context): string | undefined {
  const given = ctx.get('Idempotency-Key').replace(/^"(.*)"$/, '$1');
  if (given === '') return undefined;
  if (!clientMsgIdSchema.safeParse(given).success) {
    throw new Refusal('invalid_field', 'Idempotency-Key', KEY_PROBLEM);
  }
  return given;
}
