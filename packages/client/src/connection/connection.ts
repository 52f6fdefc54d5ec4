import { SUBPROTOCOL } from '@chorus/protocol/constants';
import type { V1ServerFrame } from '@chorus/protocol/types';
import { asChorusError } from '../chorus-error.js';
import type { WebSocketClass, WebSocketLike } from '../options.js';
import { parseJson } from '../parse-json.js';
import { Pending } from '../pending.js';
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

/** See {@link ClientOptions}. */
export interface ConnectionOptions {
  readonly webSocket?: WebSocketClass | undefined;
  readonly askAfterMs: number;
  readonly answerWithinMs: number;
  socketUrl(): string;
}

export interface ConnectionOwner {
  received(frame: V1ServerFrame): void;
  /** Called once; no other call follows. */
  ended(end: End): void;
}

/** Limit for the time from the start of the connection to the first frame, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const OPEN = 1;
/** What `ws` exposes of a refused upgrade. */
interface Refusal {
  readonly statusCode?: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A WebSocket, or one of `ws`, which reports a refused upgrade and leaves ending the connection to the listener. */
interface Socket extends WebSocketLike {
  on?(type: 'unexpected-response', listener: (request: unknown, refusal: Refusal) => void): unknown;
}

/** One WebSocket, from the attempt to connect to its end. */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #owner: ConnectionOwner;
  #ended = false;
  /** Whether a frame has arrived since the last check. */
  #heard = false;
  readonly #pending = new Pending();
  /** @throws {ChorusError} `unsupported` if the WebSocket class throws */
  constructor(options: ConnectionOptions, token: string | undefined, owner: ConnectionOwner) {
    this.#options = options;
    this.#owner = owner;
    const socket = makeSocket(options, token);
    this.#socket = socket;
    /** What is known about the end before it comes. */
    let known: Partial<End> = {};
    socket.onmessage = ({ data }: { data: string }) => {
      if (this.#ended) return;
      this.#heard = true;
      const frame = parseJson<V1ServerFrame>(data);
      // An unreadable frame may have been a message: without a reconnect it would be missing.
      if (frame) owner.received(frame);
      else this.drop('bad frame');
    };
    // Stays after the end: `ws` throws errors without a listener.
    socket.onerror = ({ message }: { message?: string }) => {
      known = { reason: message ?? '', ...known };
    };
    socket.onclose = ({ code, reason }: { code: number; reason: string }) =>
      this.#end({ ...known, code, reason: reason || known.reason || 'connection lost' });
    socket.on?.('unexpected-response', (_request, { statusCode: status, headers }) => {
      const retryAfterMs = Number(headers['retry-after']) * 1_000 || undefined;
      known = { status, retryAfterMs, reason: `refused with ${status}` };
      socket.terminate?.();
    });
    this.#pending.after(HANDSHAKE_MS, () => this.drop('no answer'));
  }

  /** The first frame has arrived: starts the liveness check. */
  welcomed(): void {
    this.#check(this.#options.askAfterMs, () => this.probe());
  }

  send(data: string): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(data);
  }

  /** Sends a ping and drops the connection if nothing arrives in time. */
  probe(): void {
    this.send('{"type":"ping"}');
    this.#check(this.#options.answerWithinMs, () => this.drop('silent'));
  }

  /** Ends the connection without a closing handshake. */
  drop(reason: string): void {
    const socket = this.#socket;
    if (socket.terminate) socket.terminate();
    else socket.close();
    this.#end({ code: LOST, reason });
  }

  /**
   * Closes normally. Later frames are ignored, and the owner is not called. Resolves when both sides have closed, or when the wait for the
   * other side has timed out.
   */
  close(): Promise<void> {
    const socket = this.#socket;
    this.#ended = true;
    this.#pending.cancelAll();
    socket.close(NORMAL);
    return new Promise((resolve) => {
      socket.onclose = () => {
        this.#pending.cancelAll();
        resolve();
      };
      // A frozen connection never answers the close frame.
      this.#pending.after(1_000, () => {
        socket.terminate?.();
        resolve();
      });
    });
  }

  /** Calls `onSilence` unless a frame arrives within this time, in milliseconds. */
  #check(withinMs: number, onSilence: () => void): void {
    this.#pending.cancelAll();
    this.#heard = false;
    this.#pending.after(withinMs, () => (this.#heard ? this.welcomed() : onSilence()));
  }

  #end(end: End): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pending.cancelAll();
    this.#owner.ended(end);
  }
}

function makeSocket({ socketUrl, webSocket }: ConnectionOptions, token: string | undefined): Socket {
  try {
    const url = socketUrl();
    if (webSocket)
      return new webSocket(url, SUBPROTOCOL, { headers: token ? { authorization: `Bearer ${token}` } : {} });
    const socket: WebSocketLike = new WebSocket(url, SUBPROTOCOL);
    if (token) socket.onopen = () => socket.send(JSON.stringify({ type: 'authenticate', token }));
    return socket;
  } catch (cause) {
    throw asChorusError(cause, 'unsupported');
  }
}
