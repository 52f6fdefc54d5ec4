import { Refusal, SUBPROTOCOL } from '@chorus/protocol';
import type { HttpRequest } from './transport.js';

/** Version of the WebSocket protocol of RFC 6455. */
const VERSION = '13';

/** Base64 of 16 bytes. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Returns why a request is not a valid opening handshake (RFC 6455 §4.2.1); undefined for a valid one. 426 if it does
 * not request a WebSocket, or requests another version of the protocol; 400 otherwise. The HTTP version needs no check:
 * the library answers 505 to all but HTTP/1.1.
 */
export function handshakeFault(request: HttpRequest): Refusal | undefined {
  if (!asksForWebSocket(request)) return upgradeRequired(new Refusal('upgrade_required'));
  if (request.header('sec-websocket-version') !== VERSION) {
    return upgradeRequired(new Refusal('unsupported_websocket_version', VERSION));
  }
  if (!KEY.test(request.header('sec-websocket-key') ?? '')) {
    return new Refusal('invalid_websocket_key');
  }
  // The bytes of a body could be read as frames, or frames as the body, depending on their arrival.
  const length = request.header('content-length') ?? '0';
  if (length !== '0' || request.header('transfer-encoding') !== undefined) {
    return new Refusal('upgrade_with_body');
  }
  return undefined;
}

/** Whether the client offers the subprotocol `chorus.v1`. */
export function offersV1(request: HttpRequest): boolean {
  const offered = request.header('sec-websocket-protocol')?.split(',') ?? [];
  return offered.some((name) => name.trim() === SUBPROTOCOL);
}

/** Whether the request asks for a WebSocket. Any other upgrade is ignored, as RFC 9110 §7.8 allows. */
function asksForWebSocket(request: HttpRequest): boolean {
  const { method } = request;
  return (
    method === 'GET' && lists(request, 'upgrade', 'websocket') && lists(request, 'connection', 'upgrade')
  );
}

/** Whether a list header contains the token, in any case. */
function lists(request: HttpRequest, header: string, token: string): boolean {
  const items = request.header(header)?.split(',') ?? [];
  return items.some((item) => item.trim().toLowerCase() === token);
}

/** Adds the protocol and version that this server supports (RFC 9110 §15.5.22, RFC 6455 §4.4). */
function upgradeRequired(refusal: Refusal): Refusal {
  return refusal.with({ Upgrade: 'websocket', 'Sec-WebSocket-Version': VERSION });
}
