import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Refusal } from '@chorus/protocol';
import { type ConnectionLimits, limitConnections } from './limited-server.js';
import { asksForWebSocket, readAgain, type UpgradeHandler } from './upgrades.js';

/** Limits of one connection; times in milliseconds. */
export interface HttpLimits {
  /** Idle time between two requests. Longer than that of common load balancers, so that they close first. */
  readonly keepAliveMs: number;
  /** Time from the connection, or the first byte of a request, to the end of its headers. */
  readonly headersMs: number;
  /** Time from the first to the last byte of a request. */
  readonly requestMs: number;
  /** Time without a byte in either direction while a request is answered. */
  readonly stalledMs: number;
  /** Number of header lines of a request; Node limits their size to 16 KiB together. */
  readonly headers: number;
  /** Number of requests that wait behind the one being answered. */
  readonly pipelined: number;
}

export const HTTP_LIMITS: HttpLimits = {
  keepAliveMs: 65_000,
  headersMs: 10_000,
  requestMs: 30_000,
  stalledMs: 120_000,
  headers: 100,
  pipelined: 16,
};

/** Interval at which connections over a time limit are looked for, in milliseconds. */
const CHECK_MS = 1_000;

export interface HttpServerOptions {
  /** Called with the status of each answer that is not from the handlers. */
  readonly refused?: ((status: number) => void) | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Limits on connections; without them the server accepts all. */
  readonly connections?: ConnectionLimits | undefined;
  /** Handles WebSocket upgrades. Without it they are ordinary requests, like all other upgrades. */
  readonly webSocket?: UpgradeHandler | undefined;
}

/**
 * Creates an HTTP server that closes connections over a limit, and answers unreadable requests with JSON. Requests of
 * one connection are answered in order. An answer that is complete before its request still reaches the client: the
 * rest of the request is read and dropped, for at most `requestMs`.
 */
export function createHttpServer(handler: RequestListener, options: HttpServerOptions = {}): Server {
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const refuse = (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    options.refused?.(refusal.status);
    const body = JSON.stringify(refusal.bodyFor(routeOf(request)));
    const headers = {
      'Content-Type': JSON_TYPE,
      'Content-Length': Buffer.byteLength(body),
      ...refusal.headers,
      Connection: 'close',
    };
    response.writeHead(refusal.status, headers).end(body);
  };
  const refuseRaw = (socket: Duplex, refusal: Refusal, request?: IncomingMessage): void => {
    options.refused?.(refusal.status);
    const body = refusal.bodyFor(request === undefined ? undefined : routeOf(request));
    answerRaw(socket, refusal.status, body, refusal.headers);
  };
  const server = createServer({
    keepAliveTimeout: limits.keepAliveMs,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    // The answer of Node would have no body; see `headFault`.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(CHECK_MS, limits.headersMs, limits.requestMs),
  });
  server.timeout = limits.stalledMs;
  // Node drops headers beyond its limit, and one of them could be the length of the body.
  server.maxHeadersCount = 0;

  const { connections, webSocket } = options;
  const isBeyond = connections === undefined ? () => false : limitConnections(server, connections);
  const faultOf = (request: IncomingMessage): Refusal | undefined =>
    isBeyond(request) ? new Refusal('server_full') : headFault(request, limits);
  const queue = new RequestQueue(limits.pipelined);
  server.on('request', (request, response) => {
    response.once('prefinish', () => lingerUntilRead(request));
    queue.add(request, response, () => {
      const fault = faultOf(request);
      if (fault === undefined) handler(request, response);
      else refuse(request, response, fault);
    });
  });
  if (webSocket !== undefined) {
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      // The previous answer would be written into the upgraded connection.
      if (queue.isAnswering(socket)) return void socket.destroy();
      if (!asksForWebSocket(request)) return readAgain(server, request, socket, head);
      socket.on('error', () => socket.destroy());
      const fault = faultOf(request);
      if (fault === undefined) webSocket(request, socket, head);
      else refuseRaw(socket, fault, request);
    });
  }
  server.on('checkExpectation', (request, response) => {
    refuse(request, response, new Refusal('unsupported_expectation'));
  });
  server.on('connect', (_request, socket) => {
    refuseRaw(socket, new Refusal('method_not_allowed', 'CONNECT').with({ Allow: METHODS }));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // An answer that has begun cannot be extended.
    if (error.code === 'ECONNRESET' || !socket.writable || queue.hasBegun(socket))
      return void socket.destroy();
    refuseRaw(socket, parseFault(error));
  });
  return server;
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** Returns the method and the path, without the query, of a request. */
export function routeOf({ method = '', url = '' }: IncomingMessage): { method: string; path: string } {
  return { method, path: url.split('?')[0] ?? '' };
}

/** Finds heads that servers parse differently, or that cost too much. */
function headFault({ rawHeaders, httpVersion }: IncomingMessage, limits: HttpLimits): Refusal | undefined {
  if (rawHeaders.length / 2 > limits.headers) return new Refusal('too_many_headers');
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
  const isValid = hosts === 1 || (hosts === 0 && httpVersion !== '1.1');
  return isValid ? undefined : new Refusal('invalid_host', hosts);
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** How long a client may take to read the last answer of its connection, in milliseconds. */
const CLOSE_MS = 5_000;

/** Answers on a connection without a response object, and ends it. */
export function answerRaw(
  socket: Duplex,
  status: number,
  answer: { readonly error: string },
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(answer);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => socket.destroy());
  // Drops what still arrives: with unread data the system resets the connection, and the answer is lost.
  socket.resume();
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${JSON_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n${lines.join('')}Connection: close\r\n\r\n${body}`,
  );
  const deadline = setTimeout(() => socket.destroy(), CLOSE_MS);
  socket.once('close', () => clearTimeout(deadline));
}

function parseFault({ code }: NodeJS.ErrnoException): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return new Refusal('headers_too_large');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Refusal('request_timeout');
  return new Refusal('invalid_request');
}

interface Answering {
  readonly response: ServerResponse;
  readonly waiting: (() => void)[];
}

/** Answers the requests of each connection in order. */
class RequestQueue {
  readonly #connections = new WeakMap<Duplex, Answering>();

  constructor(private readonly limit: number) {}

  /** Closes a connection on which too many requests wait. */
  add({ socket }: IncomingMessage, response: ServerResponse, answer: () => void): void {
    const waiting = this.#connections.get(socket)?.waiting;
    if (waiting === undefined) this.#answer(socket, { response, waiting: [] }, answer);
    else if (waiting.length < this.limit)
      waiting.push(() => this.#answer(socket, { response, waiting }, answer));
    else socket.destroy();
  }

  isAnswering(socket: Duplex): boolean {
    return this.#connections.has(socket);
  }

  /** Whether part of an answer has been sent. */
  hasBegun(socket: Duplex): boolean {
    return this.#connections.get(socket)?.response.headersSent === true;
  }

  #answer(socket: Socket, answering: Answering, answer: () => void): void {
    this.#connections.set(socket, answering);
    answering.response.once('close', () => {
      const next = answering.waiting.shift();
      if (next === undefined) this.#connections.delete(socket);
      else if (!socket.destroyed) next();
    });
    answer();
  }
}

/**
 * When the answer is complete, Node closes the connection or leaves the rest of the request unread. If the client is
 * still sending, the system then resets the connection, and the client may never see the answer.
 */
function lingerUntilRead(request: IncomingMessage): void {
  if (request.complete) return;
  const { socket } = request;
  const { destroySoon } = socket;
  socket.destroySoon = () => {
    socket.end();
    request.once('close', () => socket.destroy());
  };
  request.once('close', () => {
    socket.destroySoon = destroySoon;
  });
  request.resume();
}
