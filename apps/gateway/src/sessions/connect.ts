import { Refusal, SUBPROTOCOL } from '@chorus/protocol';
import { type Admission, subjectOf } from '../connections/admission.js';
import type { ConnectionSlot } from '../connections/connection-slot.js';
import { offersV1 } from '../transport/handshake.js';
import { refuseUnknown } from '../transport/refusal.js';
import type { Decision, HttpRequest } from '../transport/transport.js';
import { AuthenticatingSession } from './v1/authenticating-session.js';
import type { V1Context } from './v1/context.js';
import { V1Session } from './v1/session.js';

/** Accepted query parameters. A token or a position in the query is refused rather than ignored. */
const PARAMETERS = ['userId', 'username'];

/**
 * `GET /ws/connect`: a `chorus.v1` socket that has not joined a room. Without any credentials the socket opens and must
 * send a token in its first frame: browsers do not let pages set headers of a WebSocket.
 *
 * Decides at once for a user whom the access list certainly admits.
 *
 * @throws {Refusal} 400, 401, 403, 429 or 503, or rejects with it
 */
export function connect(
  request: HttpRequest,
  slot: ConnectionSlot,
  admission: Admission,
  context: V1Context,
): Decision | Promise<Decision> {
  if (!offersV1(request)) throw new Refusal('subprotocol_required');
  refuseUnknown(request, PARAMETERS);
  if (admission.mayAuthenticateLater(request)) {
    const session = new AuthenticatingSession(context, admission, slot);
    return { accepted: true, session, subprotocol: SUBPROTOCOL };
  }
  const client = admission.identify(request, slot);
  const accept = (): Decision => {
    return { accepted: true, session: new V1Session(context, client), subprotocol: SUBPROTOCOL };
  };
  return admission.admits(subjectOf(client)) ? accept() : admission.allow(client).then(accept);
}
