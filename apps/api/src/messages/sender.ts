import { clientMsgIdSchema, Refusal, type RoomAction } from '@chorus/protocol';
import type { Context } from '../http/context.js';
import { required } from '../rooms/access.js';
import type { MessageServices } from './dependencies.js';
import type { ReadingSender } from './message-service.js';
import { refuseMuted, slowModeOf } from './standing.js';

/** What muted users may not do to messages. */
const SPEAKING: ReadonlySet<RoomAction> = new Set(['changeOwn', 'react'] as const);

const KEY_PROBLEM = 'must be 1 to 64 letters, digits, dots, colons, dashes or underscores';

/**
 * Returns the sender of a change, who may also need to read the room, and the `Idempotency-Key` of the request. PostgreSQL decides: it is
 * needed for the message that is to change.
 * @param action undefined: whatever users may do who see the room
 * @throws {Refusal} 404 or 403 by the table of access; 400 without a user, or with an invalid key
 */
export async function senderOf(
  { rooms, memberRepository }: Pick<MessageServices, 'rooms' | 'memberRepository'>,
  ctx: Context,
  roomId: number,
  action?: RoomAction,
): Promise<ReadingSender> {
  const user = required(ctx.state);
  const room =
    action === undefined
      ? await rooms.visible(ctx.state, roomId)
      : await rooms.get(ctx.state, roomId, action);
  if (action !== undefined && SPEAKING.has(action)) {
    refuseMuted((await memberRepository.find(room.id, user.id))?.mutedUntil?.getTime());
  }
  const slowModeSeconds = slowModeOf(room, room.slowModeSeconds);
  return { user, apiKey: ctx.state.key, roomId: room.id, room, key: idempotencyKeyOf(ctx), slowModeSeconds };
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
