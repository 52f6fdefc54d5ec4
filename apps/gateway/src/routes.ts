import { type HttpErrorCode, Refusal } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { ConnectionSlot } from './connections/connection-slot.js';
import { type PortHealth, readiness } from './lifecycle/readiness.js';
import { handshakeFault } from './transport/handshake.js';
import { answerTo, refuseUnknown } from './transport/refusal.js';
import { RefusalLog } from './transport/refusal-log.js';
import type { Decision, HttpAnswer, HttpRequest, TransportHandlers } from './transport/transport.js';

export interface RouteActions {
  /** Takes a slot for an upgrade request. @throws {Refusal} when there is none */
  takeSlot(request: HttpRequest): ConnectionSlot;
  /** Decides about an upgrade to a room. If it accepts, it also releases the slot when the socket has closed. */
  joinRoom(roomId: string, request: HttpRequest, slot: ConnectionSlot): Decision | Promise<Decision>;
  /** Decides about an upgrade without a room, like {@link joinRoom}. */
  connect(request: HttpRequest, slot: ConnectionSlot): Decision | Promise<Decision>;
  /** State of the port that this node listens on. */
  health(): PortHealth;
  /** Called when an upgrade was refused. */
  refused(reason: HttpErrorCode): void;
  /** See {@link TransportHandlers.stoodStill}. */
  stoodStill(): void;
}

const JOIN_ROOM = /^\/ws\/join-room\/([^/]+)\/?$/;
const CONNECT = /^\/ws\/connect\/?$/;

/** Returns the pattern of a path that accepts upgrades; undefined for any other path. */
export function routeOf(path: string): string | undefined {
  if (JOIN_ROOM.test(path)) return '/ws/join-room/:roomId';
  return CONNECT.test(path) ? '/ws/connect' : undefined;
}

/** The gateway's routes: paths that accept upgrades, and the responses to plain HTTP. */
export function routes(actions: RouteActions, log: Logger): TransportHandlers {
  const refusals = new RefusalLog(log);
  return {
    upgrade(request) {
      let slot: ConnectionSlot | undefined;
      const refused = (error: unknown): Decision => {
        slot?.release();
        const reason = error instanceof Refusal ? error.code : 'internal';
        actions.refused(reason);
        if (!(error instanceof Refusal)) throw error;
        const { path } = request;
        const { status, message } = error;
        refusals.refused({ reason, status, path, error: message, requestId: requestId(request) });
        return { accepted: false, answer: answerTo(request, error) };
      };
      const decided = (decision: Decision): Decision => {
        if (!decision.accepted) slot?.release();
        return decision;
      };
      try {
        const roomId = decoded(JOIN_ROOM.exec(request.path)?.[1]);
        if (roomId === undefined && !CONNECT.test(request.path)) throw new Refusal('route_not_found');
        const fault = handshakeFault(request);
        if (fault !== undefined) throw fault;
        slot = actions.takeSlot(request);
        const decision =
          roomId === undefined ? actions.connect(request, slot) : actions.joinRoom(roomId, request, slot);
        return decision instanceof Promise ? decision.then(decided).catch(refused) : decided(decision);
      } catch (error) {
        return refused(error);
      }
    },
    async http(request) {
      const answer = answerOrRefusal(request, actions);
      if (request.method === 'GET' || request.method === 'HEAD' || answer.status === 404) return answer;
      return answerTo(
        request,
        new Refusal('method_not_allowed', request.method).with({ Allow: 'GET, HEAD' }),
      );
    },
    stoodStill: () => actions.stoodStill(),
  };
}

/** Percent-decodes an id of a path, as the API does. @throws {Refusal} 400 */
function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal('invalid_path');
  }
}

/** The request id that a proxy set; logged only if it looks like an id. */
function requestId(request: HttpRequest): string | undefined {
  const id = request.header('x-request-id');
  return id !== undefined && /^[\w.:-]{1,128}$/.test(id) ? id : undefined;
}

function answerOrRefusal(request: HttpRequest, actions: RouteActions): HttpAnswer {
  try {
    return answerFor(request, actions);
  } catch (error) {
    if (error instanceof Refusal) return answerTo(request, error);
    throw error;
  }
}

function answerFor(request: HttpRequest, actions: RouteActions): HttpAnswer {
  const { path } = request;
  if (path === '/livez' || path === '/readyz') {
    refuseUnknown(request, []);
    return path === '/livez' ? { status: 200, body: { status: 'live' } } : readiness(actions.health());
  }
  // A valid handshake never reaches this line.
  const fault = routeOf(path) === undefined ? undefined : handshakeFault(request);
  throw fault ?? new Refusal('route_not_found');
}
