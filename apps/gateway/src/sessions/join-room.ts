import { RoomNotFoundError } from '@chorus/broker';
import { ERRORS, type Position, parseId, parsePosition, SUBPROTOCOL } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { Admission, Visitor } from '../connections/admission.js';
import type { Seat } from '../connections/connections.js';
import { type Entry, openEntry } from '../rooms/entry.js';
import { offersV1 } from '../transport/handshake.js';
import { Refusal } from '../transport/refusal.js';
import type { Decision, Request } from '../transport/transport.js';
import { type SeedContext, SeedSession } from './seed-session.js';
import type { V1Context } from './v1-context.js';
import { V1Session } from './v1-session.js';

/**
 * `GET /ws/join-room/:roomId`: the seed contract's socket, or a `chorus.v1` one that has joined that room.
 * The room's messages flow to this node before the upgrade is answered, so that whoever has seen the `101`
 * misses nothing.
 *
 * @throws {Refusal} 400, 401, 403, 404, 429 or 503
 */
export async function joinRoom(
  roomIdText: string,
  request: Request,
  seat: Seat,
  admission: Admission,
  contexts: { seed: SeedContext; v1: V1Context },
): Promise<Decision> {
  const roomId = parseId(roomIdText);
  const visitor = admission.identify(request, seat, roomId);
  if (roomId === undefined)
    throw new Refusal(400, 'bad_request', 'roomId must be a positive integer up to 2^53-1');
  const since = readSince(request);
  await admission.allow(visitor, roomId);
  const v1 = offersV1(request);
  try {
    const entry = await openEntry(contexts.seed.hub, roomId, since, v1);
    return v1 ? acceptV1(contexts.v1, visitor, entry) : acceptSeed(contexts.seed, visitor, entry);
  } catch (error) {
    if (error instanceof RoomNotFoundError) throw new Refusal(404, 'unknown_room', error.message);
    if (error instanceof UnavailableError) {
      throw new Refusal(503, 'unavailable', ERRORS.unavailable.error, { 'Retry-After': '1' });
    }
    throw error;
  }
}

function acceptSeed(context: SeedContext, visitor: Visitor, entry: Entry): Decision {
  return { accepted: true, session: new SeedSession(context, visitor, entry) };
}

function acceptV1(context: V1Context, visitor: Visitor, entry: Entry): Decision {
  return { accepted: true, session: new V1Session(context, visitor, entry), subprotocol: SUBPROTOCOL };
}

/** The position after which its owner wants to go on. @throws {Refusal} 400 */
function readSince(request: Request): Position | undefined {
  const text = request.query.get('since');
  if (text === null) return undefined;
  const since = parsePosition(text);
  if (since === undefined) {
    throw new Refusal(400, 'bad_request', 'since must be a position as frames have it: <epoch>-<seq>');
  }
  return since;
}
