import { Refusal, SUBPROTOCOL } from '@chorus/protocol';
import type { Request } from './transport.js';

/** The version of the WebSocket protocol: that of RFC 6455. */
const VERSION = '13';

/** Base64 of 16 bytes. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Why a request for a socket is no opening handshake that RFC 6455 §4.2.1 allows; undefined for a valid one: 426 if it
 * does not ask for a WebSocket, or for another version of it; 400 otherwise. The HTTP version needs no check: the library
 * answers 505 to all but HTTP/1.1.
 */
export function handshakeFault(request: Request): Refusal | undefined {
  if (!asksForWebSocket(request)) return upgradeRequired(new Refusal('upgrade_required'));
  if (request.header('sec-websocket-version') !== VERSION) {
    return upgradeRequired(new Refusal('unsupported_websocket_version', VERSION));
  }
  if (!KEY.test(request.header('sec-websocket-key') ?? '')) {
    return new Refusal('invalid_websocket_key');
  }
  // The bytes of a body would be read as frames, or frames as the body, depending on when they arrive.
  const length = request.header('content-length') ?? '0';
  if (length !== '0' || request.header('transfer-encoding') !== undefined) {
    return new Refusal('upgrade_with_body');
  }
  return undefined;
}

/** Whether the client offers to speak `chorus.v1`, beside whatever else. */
export function offersV1(request: Request): boolean {
  const offered = request.header('sec-websocket-protocol')?.split(',') ?? [];
  return offered.some((name) => name.trim() === SUBPROTOCOL);
}

/** Any request that does not is an ordinary one (RFC 9110 §7.8). */
function asksForWebSocket(request: Request): boolean {
  const { method } = request;
  return (
    method === 'GET' && lists(request, 'upgrade', 'websocket') && lists(request, 'connection', 'upgrade')
  );
}

/** Whether a header is a list that contains the token, in any case. */
function lists(request: Request, header: string, token: string): boolean {
  const items = request.header(header)?.split(',') ?? [];
  return items.some((item) => item.trim().toLowerCase() === token);
}

/** The answer with what this server speaks (RFC 9110 §15.5.22, RFC 6455 §4.4). */
function upgradeRequired(refusal: Refusal): Refusal {
  return refusal.with({ Upgrade: 'websocket', 'Sec-WebSocket-Version': VERSION });
}
