import { RoomNotFoundError } from '@chorus/broker';
import { requireAccess } from '@chorus/control';
import {
  ID_PROBLEM,
  POSITION_PROBLEM,
  type Position,
  parseId,
  parsePosition,
  Refusal,
  SUBPROTOCOL,
} from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { type Admission, subjectOf } from '../connections/admission.js';
import type { ConnectionSlot } from '../connections/connection-slot.js';
import { AccessDeniedError, type PreparedJoin, prepareJoin, prepareJoinNow } from '../rooms/prepared-join.js';
import { offersV1 } from '../transport/handshake.js';
import type { Decision, HttpRequest } from '../transport/transport.js';
import { PlainSession } from './plain-session.js';
import type { SessionContexts } from './session-contexts.js';
import { V1Session } from './v1/session.js';

/**
 * `GET /ws/join-room/:roomId`: a plain socket, or a `chorus.v1` socket that has joined the room. The room's messages
 * flow to this node before the upgrade is answered, so that a client that has received the `101` misses no message.
 *
 * Decides at once where nothing has to be asked: see `prepareJoinNow`.
 *
 * @throws {Refusal} 400, 401, 403, 404, 429 or 503, or rejects with it
 */
export function joinRoom(
  roomIdText: string,
  request: HttpRequest,
  slot: ConnectionSlot,
  admission: Admission,
  contexts: SessionContexts,
): Decision | Promise<Decision> {
  const roomId = parseId(roomIdText);
  const client = admission.identify(request, slot, roomId);
  if (roomId === undefined) throw new Refusal('invalid_field', 'roomId', ID_PROBLEM);
  const since = readSince(request);
  const v1 = offersV1(request);
  const subject = { ...subjectOf(client), roomId };
  const accept = (join: PreparedJoin): Decision =>
    v1
      ? { accepted: true, session: new V1Session(contexts.v1, client, join), subprotocol: SUBPROTOCOL }
      : { accepted: true, session: new PlainSession(contexts.plain, client, join) };
  const now = since === undefined ? prepareJoinNow(contexts.v1, subject, v1) : undefined;
  if (now !== undefined) return accept(now);
  return prepareJoin(contexts.v1, subject, since, v1).then(accept, refused);
}

/** @throws {Refusal} or `error`, for a defect */
function refused(error: unknown): never {
  if (error instanceof AccessDeniedError) requireAccess(error.verdict);
  if (error instanceof RoomNotFoundError) throw new Refusal('room_not_found');
  if (error instanceof UnavailableError) throw new Refusal('unavailable');
  throw error;
}

/** Reads the position to resume from. @throws {Refusal} 400 */
function readSince(request: HttpRequest): Position | undefined {
  const text = request.query.get('since');
  if (text === null) return undefined;
  const since = parsePosition(text);
  if (since === undefined) {
    throw new Refusal('invalid_field', 'since', POSITION_PROBLEM);
  }
  return since;
}
