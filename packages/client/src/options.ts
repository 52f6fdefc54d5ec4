import type { MessagePage, RequestOptions } from './http/api-types.js';

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

/** Selects a page of a room's history; without a position, the newest page. At most one position may be given. */
export interface RoomHistoryQuery {
  /** Only messages before this position. */
  before?: string;
  /** Only messages after this position. */
  after?: string;
  /**
   * Only messages that a change after this position has changed, in the order of these changes. Servers of older versions do not
   * know it.
   */
  changedSince?: string;
  /** Whether the page has the changes of the members and of the room among its messages. Not with `changedSince`. Default: false. */
  changes?: boolean | undefined;
  /** Largest number of messages: 1 to 100. Default: 50. */
  limit?: number;
}

/**
 * Messages, and the value of `after`, or `changedSince`, for the next newer page. `before` is null if the page begins with the first message of
 * the room.
 */
export type HistoryPage = Pick<MessagePage, 'messages' | 'after'> &
  Partial<Pick<MessagePage, 'before' | 'changedSince' | 'changes'>>;

/** The parts of the HTTP API that the client needs. {@link ChorusApi} implements it. Its failures are errors of the class {@link ChorusError}. */
export interface HistorySource {
  /** Rejects with a {@link ChorusError} of code `unauthenticated`, `user_banned` or `forbidden` if the token is not accepted. */
  me(): Promise<unknown>;
  messages(roomId: number, query: RoomHistoryQuery): Promise<HistoryPage>;
  /** Changes messages that gateways no longer know. Without it, these changes fail with `message_not_recent`. */
  request?<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
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
   * Sent as `Authorization: Bearer`; in the first frame by the platform's `WebSocket`, which takes no headers.
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
   * Reads the history and finds out why a connection was refused. Default: those routes at `url`, with
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
