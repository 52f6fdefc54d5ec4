import { SUBPROTOCOL } from '@chorus/protocol/constants';
import type { V1ServerFrame } from '@chorus/protocol/types';
import type { WebSocketClass, WebSocketLike } from '../options.js';
import { LOST, NORMAL } from './close-codes.js';

/** How a connection ended. */
export interface End {
  /** As the close frame said; 1006 without one. */
  readonly code: number;
  /** For people. */
  readonly reason: string;
  /** The HTTP status that refused it, where that can be seen: with `ws`. */
  readonly status?: number | undefined;
  /** When to come back, as the refusal said, in milliseconds. */
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
  /** Once, and nothing after it. */
  onEnd(end: End): void;
}

/** From the first byte to the first frame, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const OPEN = 1;
/** Browsers' and React Native's sockets take no headers. */
const TAKES_HEADERS: boolean = Reflect.get(globalThis, 'process')?.versions?.node !== undefined;

/** What `ws` shows of an upgrade that was refused. */
interface Refusal {
  readonly statusCode?: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One WebSocket, from the attempt to make it to its end. */
export class Connection {
  readonly #socket: WebSocketLike;
  readonly #options: ConnectionOptions;
  #ended = false;
  /** Something came since it was last looked. */
  #heard = false;
  #timer: ReturnType<typeof setTimeout>;
  #gone = (): void => {};
  /** When the connection has ended on both sides, or that was waited for long enough. */
  readonly gone = new Promise<void>((resolve) => {
    this.#gone = resolve;
  });

  /** @throws what the class throws that does not take its arguments */
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
      // Whatever that was, it may be a message that would be missing.
      if (frame === undefined) this.drop('bad frame');
      else options.onFrame(frame);
    };
    // Also when it has ended: `ws` throws errors that nobody listens to.
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

  /** The first frame is there: from now on it is watched. */
  welcomed(): void {
    clearTimeout(this.#timer);
    this.#watch();
  }

  send(data: string): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(data);
  }

  /** Asks whether it lives, and gives it up if there is no answer. */
  probe(): void {
    clearTimeout(this.#timer);
    this.#heard = false;
    this.send('{"type":"ping"}');
    this.#timer = setTimeout(() => {
      if (this.#heard) this.#watch();
      else this.drop('silent');
    }, this.#options.answerWithinMs);
  }

  /** Gives it up. */
  drop(reason: string): void {
    const { terminate } = this.#socket;
    if (terminate === undefined) this.#socket.close();
    else terminate.call(this.#socket);
    this.#end({ code: LOST, reason });
  }

  /** Says good-bye; what still comes is not wanted. `onEnd` is not called. */
  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket.close(NORMAL);
    // A connection that is frozen does not answer.
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
  // Node's own WebSocket takes headers, in its second argument.
  if (token !== undefined && TAKES_HEADERS)
    return Reflect.construct(WebSocket, [url, { protocols: [SUBPROTOCOL], headers }]);
  const socket: WebSocketLike = new WebSocket(url, SUBPROTOCOL);
  if (token !== undefined) socket.onopen = () => socket.send(JSON.stringify({ type: 'authenticate', token }));
  return socket;
}

/** Browsers do not tell with which status an upgrade was refused; `ws` does, and then leaves it to the listener to go on. */
function onRefusal(socket: object, listener: (refusal: Refusal) => void): void {
  if (!('on' in socket) || typeof socket.on !== 'function') return;
  socket.on('unexpected-response', (_request: unknown, refusal: Refusal) => listener(refusal));
}
