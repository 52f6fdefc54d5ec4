import type { MessagePage } from './http/api-types.js';

/** The part of the WHATWG `WebSocket` that the client uses, plus `terminate` of `ws`. */
export interface WebSocketLike {
  readonly readyState: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Ends the connection without a closing handshake. Optional. */
  terminate?(): void;
}

/** A WebSocket class with the constructor of `ws`: `new WebSocket(url, 'chorus.v1', { headers })`. */
export type WebSocketClass = new (
  url: string,
  protocol: string,
  options: { headers: Record<string, string> },
) => WebSocketLike;

/**
 * Waits between attempts to connect, in milliseconds. The bound starts at `baseMs` and doubles with each failure.
 */
export interface Backoff {
  /** Bound of the first wait. */
  readonly baseMs: number;
  /** Largest bound. */
  readonly capMs: number;
}

/** The parts of the HTTP API that the client needs. {@link ChorusApi} implements it. */
export interface HistorySource {
  /** Rejects with a {@link ChorusError} of code `unauthenticated`, `user_banned` or `forbidden` if the token is not accepted. */
  me(): Promise<unknown>;
  messages(
    roomId: number,
    page: { before?: string; after?: string; limit?: number },
  ): Promise<Pick<MessagePage, 'messages' | 'after'>>;
}

/** A token, or a function that returns one. The function is called before each connection. */
export type TokenSource = string | (() => string | Promise<string>);

export interface ClientOptions {
  /**
   * Address of Chorus, optionally with a path before the routes: `https://chat.example.org`. Default: the origin of
   * the page. A function is called before each connection.
   */
  url?: string | (() => string);
  /**
   * Sent as `Authorization: Bearer`. Browsers send it in the first frame, because their WebSockets take no headers.
   * Omit it on pages of the same site as Chorus: the cookie authenticates.
   */
  token?: TokenSource;
  /**
   * Called before the token expires, and once when a gateway refuses it. Renews the session. Resolves with the new
   * token, which is also used for the open connection; or with undefined if the token is a cookie, and then the
   * client reconnects and resumes. Default: {@link ClientOptions.token} if that is a function.
   */
  refresh?: () => Promise<string | undefined>;
  /**
   * Reads the history and finds out why a connection was refused. Default: a {@link ChorusApi} with `url` and
   * `token`.
   */
  api?: HistorySource;
  /**
   * Class that makes connections. Default: the platform's `WebSocket`, which Node has since version 22; before that,
   * pass `ws`.
   */
  webSocket?: WebSocketClass;
  /** Every wait is random up to a bound that doubles ("full jitter"). Default: 500 ms to 15 s. */
  backoff?: Backoff;
  /** The client pings a connection after this time without a frame, in milliseconds. Default: 20 s. */
  askAfterMs?: number;
  /** The client reconnects if a ping is not answered within this time, in milliseconds. Default: 5 s. */
  answerWithinMs?: number;
  /** How long the client retries reading missed messages before it emits a `gap`, in milliseconds. Default: 60 s. */
  catchUpWithinMs?: number;
  /** Like `Math.random`. */
  random?: () => number;
}
