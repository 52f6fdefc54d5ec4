import { SUBPROTOCOL } from '@chorus/protocol/constants';
import type { V1ServerFrame } from '@chorus/protocol/types';
import type { WebSocketClass, WebSocketLike } from '../options.js';
import { LOST, NORMAL } from './close-codes.js';

/** How a connection ended. */
export interface End {
  /** Code of the close frame; 1006 without one. */
  readonly code: number;
  /** Text for people. */
  readonly reason: string;
  /** HTTP status of a refused upgrade. Only `ws` exposes it. */
  readonly status?: number | undefined;
  /** Time to wait before reconnecting, in milliseconds, if the refusal gave one. */
  readonly retryAfterMs?: number | undefined;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly webSocket?: WebSocketClass | undefined;
  /** See {@link ClientOptions}. */
  readonly askAfterMs: number;
  readonly answerWithinMs: number;
  onFrame(frame: V1ServerFrame): void;
  /** Called once; no other callback follows. */
  onEnd(end: End): void;
}

/** Limit for the time from the start of the connection to the first frame, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const OPEN = 1;
/** False where WebSockets take no headers: browsers and React Native. */
const TAKES_HEADERS: boolean = Reflect.get(globalThis, 'process')?.versions?.node !== undefined;

/** What `ws` exposes of a refused upgrade. */
interface Refusal {
  readonly statusCode?: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One WebSocket, from the attempt to connect to its end. */
export class Connection {
  readonly #socket: WebSocketLike;
  readonly #options: ConnectionOptions;
  #ended = false;
  /** Whether a frame has arrived since the last check. */
  #heard = false;
  #timer: ReturnType<typeof setTimeout>;
  #gone = (): void => {};
  /** Resolves when both sides have closed, or when the wait for the other side has timed out. */
  readonly gone = new Promise<void>((resolve) => {
    this.#gone = resolve;
  });

  /** @throws whatever the WebSocket class throws for invalid arguments */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    const socket = makeSocket(options);
    this.#socket = socket;
    let refusal: Pick<End, 'status' | 'retryAfterMs'> = {};
    let problem = '';
    socket.onmessage = ({ data }: { data: string }) => {
      if (this.#ended) return;
      this.#heard = true;
      const frame = parse(data);
      // An unreadable frame may have been a message: without a reconnect it would be missing.
      if (frame === undefined) this.drop('bad frame');
      else options.onFrame(frame);
    };
    // Stays after the end: `ws` throws errors without a listener.
    socket.onerror = ({ message }: { message?: string }) => {
      problem ||= message ?? '';
    };
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      this.#gone();
      this.#end({ code, reason: reason || problem || 'connection lost', ...refusal });
    };
    onRefusal(socket, ({ statusCode: status, headers }) => {
      const seconds = Number(headers['retry-after']);
      refusal = { status, retryAfterMs: seconds > 0 ? seconds * 1_000 : undefined };
      problem = `refused with ${status}`;
      socket.terminate?.();
    });
    this.#timer = setTimeout(() => this.drop('no answer'), HANDSHAKE_MS);
  }

  /** The first frame has arrived: starts the liveness check. */
  welcomed(): void {
    clearTimeout(this.#timer);
    this.#watch();
  }

  send(data: string): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(data);
  }

  /** Sends a ping and drops the connection if nothing arrives in time. */
  probe(): void {
    clearTimeout(this.#timer);
    this.#heard = false;
    this.send('{"type":"ping"}');
    this.#timer = setTimeout(() => {
      if (this.#heard) this.#watch();
      else this.drop('silent');
    }, this.#options.answerWithinMs);
  }

  /** Ends the connection without a closing handshake. */
  drop(reason: string): void {
    const { terminate } = this.#socket;
    if (terminate === undefined) this.#socket.close();
    else terminate.call(this.#socket);
    this.#end({ code: LOST, reason });
  }

  /** Closes normally. Later frames are ignored, and `onEnd` is not called. */
  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket.close(NORMAL);
    // A frozen connection never answers the close frame.
    const timer = setTimeout(() => {
      this.#socket.terminate?.();
      this.#gone();
    }, 1_000);
    this.gone.then(() => clearTimeout(timer));
  }

  #watch(): void {
    this.#heard = false;
    this.#timer = setTimeout(() => {
      if (this.#heard) this.#watch();
      else this.probe();
    }, this.#options.askAfterMs);
  }

  #end(end: End): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#options.onEnd(end);
  }
}

function parse(data: string): V1ServerFrame | undefined {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function makeSocket({ url, token, webSocket }: ConnectionOptions): WebSocketLike {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  if (webSocket !== undefined) return new webSocket(url, SUBPROTOCOL, { headers });
  // Node's own WebSocket takes headers in its second argument.
  if (token !== undefined && TAKES_HEADERS)
    return Reflect.construct(WebSocket, [url, { protocols: [SUBPROTOCOL], headers }]);
  const socket: WebSocketLike = new WebSocket(url, SUBPROTOCOL);
  if (token !== undefined) socket.onopen = () => socket.send(JSON.stringify({ type: 'authenticate', token }));
  return socket;
}

/**
 * Reports a refused upgrade. Browsers hide its status. `ws` exposes it and then leaves ending the connection to the
 * listener.
 */
function onRefusal(socket: object, listener: (refusal: Refusal) => void): void {
  if (!('on' in socket) || typeof socket.on !== 'function') return;
  socket.on('unexpected-response', (_request: unknown, refusal: Refusal) => listener(refusal));
}
