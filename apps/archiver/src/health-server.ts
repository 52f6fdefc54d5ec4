import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Closeable, type OperatorAnswer, StartError } from '@chorus/service';

/** `ready`, `draining`, or what is wrong although the process goes on. */
export type Health = string;

/** The answer of `/readyz`. */
export function readiness(health: Health): OperatorAnswer {
  if (health === 'ready') return { status: 200, body: { status: 'ready' } };
  if (health === 'draining') return { status: 503, body: { error: 'draining' } };
  return { status: 200, body: { status: 'degraded', error: health } };
}

/**
 * Answers `/livez` and `/readyz`.
 * @throws {StartError} the address cannot be listened on
 */
export async function listenForHealth(
  { host, port }: { host: string; port: number },
  health: () => OperatorAnswer,
): Promise<Closeable & { readonly port: number }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, { error: `${request.method} is not allowed on this route` });
    } else if (path === '/livez') answer(response, 200, { status: 'live' });
    else if (path === '/readyz') {
      const { status, body } = health();
      answer(response, status, body);
    } else answer(response, 404, { error: 'no such route' });
  });
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'the port is already in use' : message;
    throw new StartError(`cannot listen on ${host}:${port} (PORT): ${reason}`);
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
