import type { ServerResponse } from 'node:http';
import { Refusal } from '@chorus/protocol';
import { StartError } from '../errors.js';
import { type Listener, listen } from '../http/listen.js';
import { createHttpServer } from '../http/server.js';
import type { Closeable } from '../process/closer.js';
import type { Logger } from './logger.js';

/** An answer of the operator port; a body other than text is sent as JSON. */
export interface OperatorAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sources of the operator port's answers. */
export interface OperatorSources {
  /** Absent without `/metrics`. */
  readonly metrics?: { text(): Promise<string>; readonly contentType: string };
  /** Returns the answer of `/readyz`. */
  health(): OperatorAnswer | Promise<OperatorAnswer>;
}

/**
 * Answers `/metrics`, `/livez` and `/readyz`.
 *
 * @param path path without the query
 * @returns undefined for any other path
 */
export async function answerOperator(
  { method, path }: { method: string; path: string },
  sources: OperatorSources,
): Promise<OperatorAnswer | undefined> {
  const { metrics } = sources;
  const known = path === '/livez' || path === '/readyz' || (path === '/metrics' && metrics !== undefined);
  if (!known) return undefined;
  if (method !== 'GET' && method !== 'HEAD') {
    return answerOf(new Refusal('method_not_allowed', method).with({ Allow: 'GET, HEAD' }));
  }
  if (path === '/livez') return { status: 200, body: { status: 'live' } };
  if (path === '/readyz' || metrics === undefined) return sources.health();
  return { status: 200, headers: { 'Content-Type': metrics.contentType }, body: await metrics.text() };
}

/**
 * Listens on a port for operators, separate from that of clients. Closing cuts requests in progress.
 *
 * @param setting name of the setting with the port
 * @throws {StartError} the address cannot be listened on; it names the setting
 */
export async function listenOperatorPort(
  { host, port }: { host: string; port: number },
  sources: OperatorSources,
  log: Logger,
  setting = 'OPERATOR_PORT',
): Promise<Closeable & { readonly port: number }> {
  const server = createHttpServer((request, response) => {
    const method = request.method ?? '';
    answerOperator({ method, path: request.url?.split('?')[0] ?? '' }, sources).then(
      (answer) => write(response, answer ?? answerOf(new Refusal('route_not_found')), method),
      (error: unknown) => {
        log.error({ err: error, path: request.url }, 'operator request failed');
        write(response, answerOf(new Refusal('internal')), method);
      },
    );
  });
  let listener: Listener;
  try {
    listener = await listen(server, { host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'the port is already in use' : message;
    throw new StartError(`cannot listen on ${host}:${port} (${setting}): ${reason}`);
  }
  // Without a listener a failed accept would end the process.
  server.on('error', (error) => log.warn({ error: error.message }, 'a connection could not be accepted'));
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = listener.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    port: listener.port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function answerOf(refusal: Refusal): OperatorAnswer {
  return { status: refusal.status, body: refusal.bodyFor(), headers: refusal.headers };
}

function write(response: ServerResponse, { status, body, headers }: OperatorAnswer, method: string): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    ...headers,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(method === 'HEAD' ? undefined : text);
}
