import uWS from 'uWebSockets.js';
import { CLOSE, type CloseReason } from '@chorus/protocol';
import { type Logger, StartError } from '@chorus/service';
import { OpenConnections } from './open-connections.js';
import { Standstill } from './standstill.js';
import type {
  Answer,
  Request,
  Session,
  Socket,
  Transport,
  TransportCounts,
  TransportHandlers,
  TransportOptions,
} from './transport.js';
import { type Lender, openLender } from './uws-lender.js';

/*
 * The only file that knows uWebSockets.js. Its rules, which shape this code: a request is dead after
 * its handler returns; every asynchronous answer needs an abort handler; a message's memory is
 * reused after its handler returns; any call on a closed socket throws.
 */

/** How long a socket that is being closed may take to read what is queued for it, in milliseconds. */
const CLOSE_DEADLINE_MS = 5_000;

/**
 * Frames up to this many times the limit are read and refused with a close code of their own; the
 * library cuts longer ones without a close frame.
 */
const REFUSABLE_FACTOR = 16;

interface UserData {
  peer: Peer;
}

/** A topic that has one subscriber for a moment, and none else. */
const ALONE = 'alone';

type Handle = uWS.WebSocket<UserData>;

/** Ties a library socket to its session and keeps calls on a closed one from throwing. */
class Peer implements Socket {
  #handle: Handle | undefined;
  #closing: CloseReason | undefined;
  #deadline: NodeJS.Timeout | undefined;
  readonly #standstills: number;

  constructor(
    private readonly session: Session,
    private readonly subprotocol: string | undefined,
    private readonly counts: TransportCounts,
    private readonly app: uWS.TemplatedApp,
    private readonly standstill: Standstill,
  ) {
    this.#standstills = standstill.count();
  }

  opened(handle: Handle): void {
    this.#handle = handle;
    this.counts.socketOpened(this.subprotocol);
    this.session.opened(this);
  }

  received(message: ArrayBuffer, isBinary: boolean, maxFrameBytes: number): void {
    if (this.#closing !== undefined) return;
    this.counts.bytesIn += message.byteLength;
    if (this.standstill.count() !== this.#standstills) this.session.stale();
    else if (isBinary) this.close(CLOSE.binaryFrame);
    else if (message.byteLength > maxFrameBytes) this.close(CLOSE.frameTooBig);
    else this.session.received(Buffer.from(message).toString('utf8'), message.byteLength);
  }

  pinged(): void {
    if (this.#closing === undefined) this.session.pinged();
  }

  get queuedBytes(): number {
    return this.#handle?.getBufferedAmount() ?? 0;
  }

  send(frame: string | Uint8Array): void {
    if (this.#closing !== undefined || this.#handle === undefined) return;
    this.#handle.send(frame, false);
    this.counts.bytesOut += typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength;
  }

  sendAll(frames: ReadonlyArray<string | Uint8Array>): void {
    this.#handle?.cork(() => {
      for (const frame of frames) this.send(frame);
    });
  }

  /**
   * The library writes what is sent to one socket by itself, also behind what was published, but gathers what is published
   * for a socket. So this is published, to somebody who is the only one there.
   */
  sendAlong(frame: string): void {
    if (this.#closing !== undefined || this.#handle === undefined) return;
    this.#handle.subscribe(ALONE);
    this.app.publish(ALONE, frame, false);
    this.counts.bytesOut += Buffer.byteLength(frame);
    this.#handle.unsubscribe(ALONE);
  }

  subscribe(topic: string): void {
    if (this.#closing === undefined) this.#handle?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#handle?.unsubscribe(topic);
  }

  publish(topic: string, frame: Uint8Array): void {
    if (this.#closing === undefined) this.#handle?.publish(topic, frame, false);
  }

  close(reason: CloseReason): void {
    if (this.#handle === undefined || this.#closing !== undefined) return;
    this.#closing = reason;
    if (reason === CLOSE.slowReader) this.counts.slowReaders++;
    // The library may be walking its topics just now (a publish that found this socket's queue full).
    setImmediate(() => {
      for (const topic of this.#handle?.getTopics() ?? []) this.#handle?.unsubscribe(topic);
      this.#finish();
    });
    this.#deadline = setTimeout(() => this.#handle?.close(), CLOSE_DEADLINE_MS);
  }

  /** The queue became shorter. */
  drained(): void {
    if (this.#closing === undefined) this.session.drained?.();
    else this.#finish();
  }

  /** A close frame goes last; while the queue is full it would be dropped. */
  #finish(): void {
    if (this.#closing === undefined || this.#handle === undefined) return;
    if (this.#handle.getBufferedAmount() === 0) this.#handle.end(this.#closing.code, this.#closing.reason);
  }

  closed(code: number): void {
    clearTimeout(this.#deadline);
    this.#handle = undefined;
    // One that did not read its close frame in time was cut, and the library knows that only.
    this.counts.socketClosed(this.subprotocol, this.#closing?.code ?? code);
    this.session.closed(code);
  }
}

declare module 'uWebSockets.js' {
  /** The library's types do not have it. `silent` leaves out the header that names the library in every answer. */
  function _cfg(key: 'silent'): void;
  interface TemplatedApp {
    /** The library's documentation has it, its types do not. */
    filter(handler: (response: HttpResponse, change: number) => void): TemplatedApp;
    /** The library takes a host together with options, and exports the constant; its types know neither. */
    listen(
      host: string,
      port: number,
      options: number,
      callback: (socket: us_listen_socket | false) => void,
    ): TemplatedApp;
  }
}

/** `LIBUS_LISTEN_EXCLUSIVE_PORT`: without it two processes share a port without noticing. */
const EXCLUSIVE_PORT = 1;

/** Starts listening. Throws a `StartError` when the port cannot be had. */
export async function listenUws(
  options: TransportOptions,
  handlers: TransportHandlers,
  log: Logger,
): Promise<Transport> {
  // Of what is written for an upgrade, a sixth; see `upgradeUncorked`.
  uWS._cfg('silent');
  const app = uWS.App();
  const connections = new OpenConnections(options.connections);
  const standstill = new Standstill(options.idleTimeoutSeconds * 1_000, () => options.onStandstill());
  const lender = await openLender();

  // Called with 1 when a connection opens and with -1 when it ends; one that became a socket ends with its `close`.
  const count = (response: uWS.HttpResponse, change: number): void => {
    if (change < 0) connections.closed();
    else if (!connections.opened(remoteAddressOf(response))) response.close();
  };
  app.filter(count);
  app.ws<UserData>('/*', {
    maxPayloadLength: options.maxFrameBytes * REFUSABLE_FACTOR,
    maxBackpressure: options.maxQueuedBytes,
    idleTimeout: options.idleTimeoutSeconds,
    sendPingsAutomatically: true,
    compression: uWS.DISABLED,
    upgrade: (response, request, context) => {
      const copied = copyRequest(request, response);
      connections.asked(copied.remoteAddress);
      const key = request.getHeader('sec-websocket-key');
      const extensions = request.getHeader('sec-websocket-extensions');
      let aborted = false;
      response.onAborted(() => {
        aborted = true;
      });
      handlers.upgrade(copied).then(
        (decision) => {
          if (!decision.accepted) {
            if (!aborted) writeAnswer(response, decision.answer, copied);
          } else if (aborted) {
            decision.session.closed(CLOSE.lost.code);
          } else {
            const peer = new Peer(decision.session, decision.subprotocol, options.counts, app, standstill);
            upgradeUncorked(response, lender, () => {
              response.upgrade({ peer }, key, decision.subprotocol ?? '', extensions, context);
            });
          }
        },
        (error: unknown) => {
          log.error({ err: error, path: copied.path }, 'upgrade failed');
          if (!aborted) writeAnswer(response, { status: 500, body: { error: 'internal error' } }, copied);
        },
      );
    },
    open: (handle) => {
      handle.getUserData().peer.opened(handle);
    },
    message: (handle, message, isBinary) => {
      handle.getUserData().peer.received(message, isBinary, options.maxFrameBytes);
    },
    ping: (handle) => handle.getUserData().peer.pinged(),
    dropped: (handle) => handle.getUserData().peer.close(CLOSE.slowReader),
    drain: (handle) => handle.getUserData().peer.drained(),
    close: (handle, code) => {
      connections.closed();
      handle.getUserData().peer.closed(code);
    },
  });

  app.any('/*', (response, request) => {
    const copied = copyRequest(request, response);
    connections.asked(copied.remoteAddress);
    let aborted = false;
    response.onAborted(() => {
      aborted = true;
    });
    handlers
      .http(copied)
      .catch((error: unknown): Answer => {
        log.error({ err: error, path: copied.path }, 'request failed');
        return { status: 500, body: { error: 'internal error' } };
      })
      .then((answer) => {
        if (!aborted) writeAnswer(response, answer, copied);
      });
  });

  const { host, port } = options;
  const socket = await new Promise<uWS.us_listen_socket | false>((resolve) => {
    app.listen(host, port, EXCLUSIVE_PORT, resolve);
  });
  if (socket === false) {
    standstill.close();
    lender.close();
    throw new StartError(`cannot listen on ${host}:${port}: the port is taken or not allowed`);
  }
  let listening: uWS.us_listen_socket | undefined = socket;
  return {
    port: uWS.us_socket_local_port(socket),
    publish: (topic, frame) => {
      app.publish(topic, frame, false);
    },
    stopListening: () => {
      if (listening !== undefined) uWS.us_listen_socket_close(listening);
      listening = undefined;
    },
    close: () => {
      standstill.close();
      listening = undefined;
      app.close();
      lender.close();
    },
  };
}

/**
 * Upgrades after an await. A corked upgrade is not safe: when the library turns the connection into a
 * WebSocket in place, the end of the cork takes it for an HTTP answer that is finished, and now and
 * then closes it. An upgrade outside of any cork is safe, but the library prints a warning each time.
 * Within the cork of another response it neither corks nor warns.
 */
function upgradeUncorked(response: uWS.HttpResponse, lender: Lender, upgrade: () => void): void {
  lender.around(() => response.cork(upgrade));
}

/**
 * Headers that the gateway reads. Of several of one name the first counts, as everywhere in the library, unless its values
 * form a list: then they are joined in their order, as Node.js does. Proxies may append a line of their own, and those
 * that speak HTTP/2 to clients may split cookies.
 */
const HEADERS: ReadonlyMap<string, string | undefined> = new Map([
  ['authorization', undefined],
  ['connection', ', '],
  ['content-length', ', '],
  ['cookie', '; '],
  ['host', undefined],
  ['origin', ', '],
  ['sec-websocket-key', ', '],
  ['sec-websocket-protocol', ', '],
  ['sec-websocket-version', ', '],
  ['traceparent', undefined],
  ['tracestate', ', '],
  ['transfer-encoding', ', '],
  ['upgrade', ', '],
  ['x-forwarded-for', ', '],
  ['x-forwarded-host', ', '],
  ['x-forwarded-proto', ', '],
  ['x-request-id', undefined],
]);

function copyRequest(request: uWS.HttpRequest, response: uWS.HttpResponse): Request {
  const headers = new Map<string, string>();
  request.forEach((name, value) => {
    if (!HEADERS.has(name)) return;
    const before = headers.get(name);
    const separator = HEADERS.get(name);
    if (before === undefined) headers.set(name, value);
    else if (separator !== undefined) headers.set(name, `${before}${separator}${value}`);
  });
  return {
    method: request.getCaseSensitiveMethod(),
    path: request.getUrl(),
    query: new URLSearchParams(request.getQuery()),
    remoteAddress: remoteAddressOf(response),
    header: (name) => headers.get(name) || undefined,
  };
}

function remoteAddressOf(response: uWS.HttpResponse): string {
  return Buffer.from(response.getRemoteAddressAsText()).toString('latin1');
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: '200 OK',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  426: '426 Upgrade Required',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
};

/** Answers, and ends the connection: kept open it would hold a descriptor. */
function writeAnswer(response: uWS.HttpResponse, answer: Answer, request: Request): void {
  response.cork(() => {
    response.writeStatus(STATUS_TEXT[answer.status] ?? String(answer.status));
    response.writeHeader('Content-Type', 'application/json; charset=utf-8');
    response.writeHeader('Cache-Control', 'no-store');
    for (const [name, value] of Object.entries(answer.headers ?? {})) response.writeHeader(name, value);
    const body = JSON.stringify(answer.body);
    if (request.method === 'HEAD') response.endWithoutBody(Buffer.byteLength(body), true);
    else response.end(body, true);
  });
}
