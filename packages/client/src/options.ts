import type { MessagePage } from './http/api-types.js';

/** The part of the WHATWG `WebSocket` that the client uses, and what `ws` has beyond it. */
export interface WebSocketLike {
  readonly readyState: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Ends the connection without waiting for the other side, where there is such a thing. */
  terminate?(): void;
}

/** A WebSocket class as `ws` has it: `new WebSocket(url, 'chorus.v1', { headers })`. */
export type WebSocketClass = new (
  url: string,
  protocol: string,
  options: { headers: Record<string, string> },
) => WebSocketLike;

/** How long to wait between attempts to connect, in milliseconds. */
export interface Backoff {
  /** The first wait is at most this long; each further one may be twice as long, */
  readonly baseMs: number;
  /** up to this. */
  readonly capMs: number;
}

/** What the client asks the HTTP API for; {@link ChorusApi} has it. */
export interface HistorySource {
  /** Rejects with a {@link ChorusError} of code `unauthenticated` or `forbidden` if the token does not let in. */
  me(): Promise<unknown>;
  messages(
    roomId: number,
    page: { before?: string; after?: string; limit?: number },
  ): Promise<Pick<MessagePage, 'messages' | 'after'>>;
}

/** A token, or what has it. A function is asked before each connection. */
export type TokenSource = string | (() => string | Promise<string>);

export interface ClientOptions {
  /**
   * Where Chorus is: `https://chat.example.org`, perhaps with a path before that of the routes. Default: where the page is from.
   * A function is asked before each connection.
   */
  url?: string | (() => string);
  /**
   * Sent as `Authorization: Bearer`, and by browsers, whose WebSockets take no headers, as the first frame. Leave it out where
   * the page is of the site of Chorus: cookies do it.
   */
  token?: TokenSource;
  /**
   * Called before the token ends, and once when a gateway says that it has: gives the session a newer one. Resolves with
   * the token, which then counts for the open connection, too; or with nothing if it is a cookie, and then the connection is
   * made anew and resumed. Default: {@link ClientOptions.token} if that is a function.
   */
  refresh?: () => Promise<string | undefined>;
  /** Reads the history and says why a connection was refused. Default: a {@link ChorusApi} of `url` and `token`. */
  api?: HistorySource;
  /** Which class makes connections. Default: the platform's own, which Node has from version 22 on; `ws` before. */
  webSocket?: WebSocketClass;
  /** Default: 500 ms and 15 s. Every wait is a random time up to the bound ("full jitter"). */
  backoff?: Backoff;
  /** A connection that is silent for so long is asked whether it lives, in milliseconds. Default: 20 s. */
  askAfterMs?: number;
  /** It is given up when it does not answer in so long, in milliseconds. Default: 5 s. */
  answerWithinMs?: number;
  /** How long missed messages are asked for in vain before they are given up as a `gap`, in milliseconds. Default: 60 s. */
  catchUpWithinMs?: number;
  /** As `Math.random`. */
  random?: () => number;
}
