import type { IncomingMessage } from 'node:http';

const GATEWAY_PATH = /^\/ws\/(join-room\/|connect(?:$|[/?]))/;

/** `http://host/path`, as clients write to a proxy. */
const ABSOLUTE = /^https?:\/\/([^/?#@]+)([^#]*)$/i;

/** Headers about one connection that mean nothing on the next (RFC 9110 §7.6.1). */
const HOP_BY_HOP = ['http2-settings', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/** Which processes answer a request. */
export function kindOf(request: IncomingMessage): 'apis' | 'gateways' {
  return GATEWAY_PATH.test(request.url ?? '') ? 'gateways' : 'apis';
}

/**
 * Writes into the head who the client is, whatever the client says, and brings an absolute target into the usual form
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

/** Leaves of the headers about the client's connection whether it is kept. */
export function dropHopByHop(request: IncomingMessage, keep: boolean): void {
  for (const name of HOP_BY_HOP) delete request.headers[name];
  request.headers.connection = keep ? 'keep-alive' : 'close';
}
