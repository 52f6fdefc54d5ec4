import { BrokerUnavailableError, RoomNotFoundError } from '@chorus/broker';
import { parseId } from '@chorus/protocol';
import type { Admission } from './admission.js';
import type { Seat } from './connections.js';
import { Refusal } from './refusal.js';
import { type SeedContext, SeedSession } from './seed-session.js';
import type { Decision, Request } from './transport.js';

/**
 * `GET /ws/join-room/:roomId`: the seed contract's socket. The room's messages flow to this node
 * before the upgrade is answered, so that whoever has seen the `101` misses nothing.
 *
 * @throws {Refusal} 400, 401, 403, 404, 429 or 503
 */
export async function joinRoom(
  roomIdText: string,
  request: Request,
  seat: Seat,
  admission: Admission,
  context: SeedContext,
): Promise<Decision> {
  const roomId = parseId(roomIdText);
  const visitor = admission.identify(request, seat, roomId);
  if (roomId === undefined) throw new Refusal(400, 'roomId must be a positive integer up to 2^53-1');
  await admission.allow(visitor, roomId);
  try {
    const room = await context.hub.admit(roomId);
    return { accepted: true, session: new SeedSession(context, room, visitor) };
  } catch (error) {
    if (error instanceof RoomNotFoundError) throw new Refusal(404, error.message);
    if (error instanceof BrokerUnavailableError) {
      throw new Refusal(503, 'the chat is not available at the moment, try again', { 'Retry-After': '1' });
    }
    throw error;
  }
}
