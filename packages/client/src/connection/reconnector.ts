import type { ClientFrame, V1ServerFrame } from '@chorus/protocol/types';
import { asChorusError, ChorusError } from '../chorus-error.js';
import type { ClientOptions, HistorySource } from '../options.js';
import type { ConnectionState } from '../types.js';
import { fullJitter } from './backoff.js';
import { FINAL, UNAUTHENTICATED } from './close-codes.js';
import { Connection, type End } from './connection.js';
import type { Session } from './session.js';

export interface ReconnectorOptions extends Required<Pick<ClientOptions, 'askAfterMs' | 'answerWithinMs'>> {
  readonly webSocket?: ClientOptions['webSocket'];
  readonly backoff: NonNullable<ClientOptions['backoff']>;
  readonly api: HistorySource;
  readonly session: Session;
  url(): string;
  random(): number;
  onFrame(frame: V1ServerFrame): void;
  /** A `connected` connection has ended: frames sent over it will not be answered. */
  onDown(): void;
  onState(state: ConnectionState): void;
}

/** Longest time between a gateway's `reconnect` frame and its close frame, in milliseconds. */
const HINT_TO_CLOSE_MS = 5_000;
/** HTTP statuses of an upgrade for which a retry does not help. */
const FINAL_STATUSES: readonly unknown[] = [400, 403, 404];
/** The client asks the API for the reason of refusals at every n-th failed attempt. */
const ASK_EVERY = 4;
/** Makes one connection after the other, while the application wants one and the gateway allows it. */
export class Reconnector {
  readonly #options: ReconnectorOptions;
  #connection: Connection | undefined;
  #state: ConnectionState = { status: 'idle' };
  #failures = 0;
  #welcomedAt = 0;
  /** Earliest time for the next attempt, as requested by a gateway. */
  #notBefore = 0;
  /** The next step: the next attempt, or dropping a connection that should have been closed. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Increases when pending answers become irrelevant. */
  #generation = 0;

  constructor(options: ReconnectorOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Resolves when the last connection has ended. */
  get gone(): Promise<void> | undefined {
    return this.#connection?.gone;
  }

  /** Connects now. Does nothing while connected or connecting. */
  start(): void {
    if (this.#state.status === 'idle' || this.#state.status === 'waiting') this.#connect();
  }

  /** Only while `connected`. */
  send(frame: ClientFrame): void {
    this.#connection?.send(JSON.stringify(frame));
  }

  /** The first frame has arrived. */
  welcomed(state: ConnectionState & { status: 'connected' }): void {
    this.#welcomedAt = performance.now();
    this.#connection?.welcomed();
    this.#become(state);
  }

  /**
   * The gateway is about to close this connection. @param afterMs time to wait before reconnecting, in milliseconds
   */
  reconnectRequested(afterMs: number): void {
    this.#notBefore = performance.now() + afterMs;
    this.#after(HINT_TO_CLOSE_MS, () => this.#connection?.drop('silent'));
  }

  /** The network may have changed. */
  nudge(online: boolean): void {
    if (this.#state.status === 'connected') this.#connection?.probe();
    else if (online && this.#state.status === 'waiting' && performance.now() >= this.#notBefore)
      this.#connect();
  }

  /** Reconnects with the session's current token. */
  renew(): void {
    if (this.#state.status !== 'connected') return;
    this.#leave();
    // A listener of onDown may have closed the client.
    if (this.#state.status === 'connected') this.#connect();
  }

  /** Closes the connection and takes the given state: idle or closed. */
  stop(state: ConnectionState): void {
    if (this.#state.status === 'closed') return;
    this.#leave();
    this.#become(state);
  }

  #leave(): void {
    const wasUp = this.#state.status === 'connected';
    this.#generation++;
    clearTimeout(this.#timer);
    this.#connection?.close();
    if (wasUp) this.#options.onDown();
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#await(this.#options.session.token(), (token) => {
      const url = this.#options.url().replace(/^http/, 'ws');
      try {
        this.#connection = new Connection({ ...this.#options, url, token, onEnd: (end) => this.#ended(end) });
      } catch (cause) {
        this.#failed(new ChorusError('unsupported', String(cause), false, { cause }));
      }
    });
  }

  /** Waits for an answer of the application that is needed before connecting. */
  #await<T>(answer: Promise<T>, goOn: (value: T) => void): void {
    const generation = ++this.#generation;
    this.#become({ status: 'connecting', attempt: this.#failures });
    answer.then(
      (value) => {
        if (generation === this.#generation) goOn(value);
      },
      (cause: unknown) => {
        if (generation === this.#generation) this.#failed(asChorusError(cause));
      },
    );
  }

  #failed(error: ChorusError): void {
    // Once, with a newer token if there is one.
    const renewing = error.code === 'unauthenticated' ? this.#options.session.renewRefused() : undefined;
    if (renewing !== undefined) this.#await(renewing, () => this.#connect());
    else if (error.retry) this.#retry(error.message, error.retryAfterMs);
    else this.stop({ status: 'closed', error });
  }

  #ended({ code, reason, status, retryAfterMs }: End): void {
    const { onDown, backoff } = this.#options;
    const generation = this.#generation;
    const wasUp = this.#state.status === 'connected';
    if (wasUp) {
      // The connection was up long enough: the next failure counts as the first.
      if (performance.now() - this.#welcomedAt > backoff.capMs) this.#failures = 0;
      onDown();
      if (generation !== this.#generation) return;
    }
    const rejected = code === UNAUTHENTICATED || status === 401;
    if (rejected || FINAL.includes(code) || FINAL_STATUSES.includes(status)) {
      const kind = rejected ? 'unauthenticated' : status === 403 ? 'forbidden' : 'disconnected';
      this.#failed(new ChorusError(kind, reason, false, { status }));
    } else {
      this.#retry(reason, retryAfterMs);
      // Not at each attempt: when a gateway refuses all clients, all of them ask.
      if (!wasUp && status === undefined && this.#failures % ASK_EVERY === 1) this.#findReason();
    }
  }

  /** Browsers hide why an upgrade was refused; the API tells. */
  #findReason(): void {
    const generation = this.#generation;
    this.#options.api.me().catch((cause: unknown) => {
      const error = asChorusError(cause);
      if (generation === this.#generation && /^(unauthenticated|user_banned|forbidden)$/.test(error.code))
        this.#failed(error);
    });
  }

  #retry(reason: string, retryAfterMs = 0): void {
    const { backoff, random } = this.#options;
    const now = performance.now();
    this.#notBefore = Math.max(this.#notBefore, now + retryAfterMs);
    const asTold = this.#notBefore - now;
    // A gateway that requests reconnects spreads them itself; a gateway that refuses clients does not.
    const spread = asTold > 0 && this.#failures === 0 && retryAfterMs === 0;
    const wait = Math.max(0, asTold) + (spread ? 0 : fullJitter(this.#failures, backoff, random));
    this.#failures++;
    this.#after(wait, () => this.#connect());
    this.#become({ status: 'waiting', attempt: this.#failures, retryAt: Date.now() + wait, reason });
  }

  #after(ms: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, ms);
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
