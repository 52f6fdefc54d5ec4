import { createServer, type RequestListener, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Closeable, type ConnectionLimits, limitConnections, StartError } from '@chorus/service';

/** Longer than the idle time of common load balancers, so that it is never us who cut a connection just reused. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often connections that became idle are closed while shutting down. */
const SWEEP_MS = 50;

export interface HttpServer extends Closeable {
  readonly port: number;
}

/**
 * Listens. Closing stops accepting at once, lets requests under way finish for at most
 * `shutdownTimeoutMs`, and then cuts what is left.
 *
 * @throws {StartError} the address cannot be listened on
 */
export async function listen(
  handler: RequestListener,
  options: {
    host: string;
    port: number;
    shutdownTimeoutMs: number;
    /** The variable that the port comes from, for the error. */
    setting?: string;
    /** Is told with which status something was answered that never became a request. */
    refused?: (status: number) => void;
    /** Without it the server takes every connection. */
    connections?: ConnectionLimits;
  },
): Promise<HttpServer> {
  let closing: Promise<void> | undefined;
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  const isBeyond =
    options.connections === undefined ? () => false : limitConnections(server, options.connections);
  server.on('request', (request, response) => {
    if (isBeyond(request)) {
      options.refused?.(503);
      response.writeHead(503, {
        'Content-Type': 'application/json; charset=utf-8',
        'Retry-After': '1',
        Connection: 'close',
      });
      response.end(JSON.stringify({ error: 'too many connections at the moment, try again' }));
      return;
    }
    if (closing !== undefined) response.setHeader('Connection', 'close');
    handler(request, response);
  });
  server.on('checkExpectation', (_request, response) => {
    options.refused?.(417);
    response.writeHead(417, { 'Content-Type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ error: 'only Expect: 100-continue is supported' }));
  });
  server.on('clientError', (error, socket) => {
    const status = refuseConnection(error, socket);
    if (status !== undefined) options.refused?.(status);
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    server.listen({ host: options.host, port: options.port }, resolve);
  });

  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), options.shutdownTimeoutMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(deadline);
  };
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port, setting = 'PORT' }: { host: string; port: number; setting?: string },
): StartError {
  const where = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(`port ${port} is already in use (${setting})`);
    case 'EACCES':
      return new StartError(`no permission to listen on ${where} (${setting})`);
    default:
      return new StartError(`cannot listen on ${where}: ${error.message}`);
  }
}

/**
 * Answers what is not HTTP, is too slow or has too large headers: there is no request to respond to.
 * @returns the status, unless nobody is there any more to be told
 */
function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): number | undefined {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const [status, message]: [number, string] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'the headers are too large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'the request took too long']
        : [400, 'not a valid HTTP request'];
  const body = JSON.stringify({ error: message });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  return status;
}
