import { accessTo, clientMsgIdSchema, Refusal, type RoomAction } from '@chorus/protocol';
import type { Context } from '../http/context.js';
import { required } from '../rooms/access.js';
import type { MessageServices } from './dependencies.js';
import type { Sender } from './message-service.js';

/** What muted users may not do. */
const SPEAKING: ReadonlySet<RoomAction> = new Set(['send', 'changeOwn', 'react'] as const);

const KEY_PROBLEM = 'must be 1 to 64 letters, digits, dots, colons, dashes or underscores';

/**
 * Returns the sender of a request in a room, and its `Idempotency-Key`.
 * @param action undefined: whatever users may do who see the room
 * @throws {Refusal} 404 or 403 by the table of access; 400 without a user, or with an invalid key
 */
export async function senderOf(
  { rooms, memberRepository }: Pick<MessageServices, 'rooms' | 'memberRepository'>,
  ctx: Context,
  roomId: number,
  action?: RoomAction,
): Promise<Sender> {
  const user = required(ctx.state);
  const room =
    action === undefined
      ? await rooms.visible(ctx.state, roomId)
      : await rooms.get(ctx.state, roomId, action);
  if (action !== undefined && SPEAKING.has(action)) {
    const mutedUntil = (await memberRepository.find(room.id, user.id))?.mutedUntil?.getTime() ?? 0;
    const seconds = Math.ceil((mutedUntil - Date.now()) / 1_000);
    if (seconds > 0) throw new Refusal('muted', seconds).with({ 'Retry-After': String(seconds) });
  }
  const isExempt = accessTo('skipSlowMode', room.kind, room.role) === 'yes';
  const slowModeSeconds = isExempt ? 0 : room.slowModeSeconds;
  return { user, roomId: room.id, room, key: keyOf(ctx), slowModeSeconds };
}

/** The value may be quoted, as the draft of the header says. */
function keyOf(ctx: Context): string | undefined {
  const given = ctx.get('Idempotency-Key').replace(/^"(.*)"$/, '$1');
  if (given === '') return undefined;
  if (!clientMsgIdSchema.safeParse(given).success) {
    throw new Refusal('invalid_field', 'Idempotency-Key', KEY_PROBLEM);
  }
  return given;
}
