import type { RoomAction } from '@chorus/protocol';
import type { Context } from '../http/context.js';
import { idempotencyKeyOf } from '../idempotency/idempotency-key.js';
import type { MessageServices } from './dependencies.js';
import type { ReadingSender } from './message-service.js';

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
