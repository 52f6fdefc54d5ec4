import type { IncomingMessage } from 'node:http';

const GATEWAY_PATH = /^\/ws\/(join-room\/|connect(?:$|[/?]))/;

/** `http://host/path`, the form of requests to a proxy. */
const ABSOLUTE = /^https?:\/\/([^/?#@]+)([^#]*)$/i;

/** Headers about one connection, which must not be forwarded (RFC 9110 §7.6.1). */
const HOP_BY_HOP = ['http2-settings', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/** Returns the kind of processes that answer a request. */
export function kindOf(request: IncomingMessage): 'apis' | 'gateways' {
  return GATEWAY_PATH.test(request.url ?? '') ? 'gateways' : 'apis';
}

/**
 * Writes the client's address into the head, overriding the client's own claims, and normalises an absolute target
 * (RFC 9112 §3.2.2).
 */
export function noteClient(request: IncomingMessage): void {
  const [, host, path] = ABSOLUTE.exec(request.url ?? '') ?? [];
  if (host !== undefined && path !== undefined) {
    request.headers.host = host;
    request.url = path.startsWith('/') ? path : `/${path}`;
  }
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-forwarded-') || name === 'forwarded') delete request.headers[name];
  }
  request.headers['x-forwarded-for'] = request.socket.remoteAddress;
  request.headers['x-forwarded-proto'] = 'http';
  if (request.headers.host !== undefined) request.headers['x-forwarded-host'] = request.headers.host;
}

/** Removes the headers about the client's connection except whether it is kept. */
export function dropHopByHop(request: IncomingMessage, keep: boolean): void {
  for (const name of HOP_BY_HOP) delete request.headers[name];
  request.headers.connection = keep ? 'keep-alive' : 'close';
}
