import { BrokerUnavailableError, RoomNotFoundError } from '@chorus/broker';
import type { Member } from '@chorus/protocol';
import { parseId } from '@chorus/protocol';
import { Refusal } from './refusal.js';
import { type SeedContext, SeedSession } from './seed-session.js';
import type { Decision, Request } from './transport.js';

/**
 * `GET /ws/join-room/:roomId`: the seed contract's socket. The room's messages flow to this node
 * before the upgrade is answered, so that whoever has seen the `101` misses nothing.
 *
 * @throws {Refusal} 400, 401, 403, 404 or 503
 */
export async function joinRoom(
  roomIdText: string,
  request: Request,
  context: SeedContext,
  admit: (request: Request) => Member,
): Promise<Decision> {
  const member = admit(request);
  const roomId = parseId(roomIdText);
  if (roomId === undefined) throw new Refusal(400, 'roomId must be a positive integer up to 2^53-1');
  try {
    const room = await context.hub.admit(roomId);
    return { accepted: true, session: new SeedSession(context, room, member) };
  } catch (error) {
    if (error instanceof RoomNotFoundError) throw new Refusal(404, error.message);
    if (error instanceof BrokerUnavailableError) {
      throw new Refusal(503, 'the chat is not available at the moment, try again', { 'Retry-After': '1' });
    }
    throw error;
  }
}
