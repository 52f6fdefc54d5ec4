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
  /** The connection that was `connected` is gone; nothing that was sent over it will be answered. */
  onDown(): void;
  onState(state: ConnectionState): void;
}

/** How long a gateway may take from its hint to its close frame, in milliseconds. */
const HINT_TO_CLOSE_MS = 5_000;
/** Statuses of an upgrade that are the same at the next attempt. */
const FINAL_STATUSES: readonly unknown[] = [400, 403, 404];
/** How many attempts fail from one question for the reason to the next. */
const ASK_EVERY = 4;
/** One connection after the other, for as long as it is wanted and allowed. */
export class Reconnector {
  readonly #options: ReconnectorOptions;
  #connection: Connection | undefined;
  #state: ConnectionState = { status: 'idle' };
  #failures = 0;
  #welcomedAt = 0;
  /** The earliest time for the next attempt, as a gateway said. */
  #notBefore = 0;
  /** What is to happen next: the next attempt, or the end of a connection that was to be closed. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Changes whenever an answer that is waited for is of no interest any more. */
  #turn = 0;

  constructor(options: ReconnectorOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Resolves when the last connection is gone. */
  get gone(): Promise<void> | undefined {
    return this.#connection?.gone;
  }

  /** Connects now; does nothing with a connection, or on the way to one. */
  start(): void {
    if (this.#state.status === 'idle' || this.#state.status === 'waiting') this.#connect();
  }

  /** Does nothing without a connection. */
  send(frame: ClientFrame): void {
    if (this.#state.status === 'connected') this.#connection?.send(JSON.stringify(frame));
  }

  /** The first frame has come. */
  welcomed(state: ConnectionState & { status: 'connected' }): void {
    this.#welcomedAt = performance.now();
    this.#connection?.welcomed();
    this.#become(state);
  }

  /** The gateway is about to close this connection; connect again after so long, in milliseconds. */
  sentAway(afterMs: number): void {
    this.#notBefore = performance.now() + afterMs;
    this.#after(HINT_TO_CLOSE_MS, () => this.#connection?.drop('silent'));
  }

  /** The network may have changed. */
  nudge(online: boolean): void {
    if (this.#state.status === 'connected') this.#connection?.probe();
    else if (online && this.#state.status === 'waiting' && performance.now() >= this.#notBefore)
      this.#connect();
  }

  /** With what the session has now. */
  renew(): void {
    if (this.#state.status !== 'connected') return;
    this.#leave();
    // Who was told of that may have closed the client.
    if (this.#state.status === 'connected') this.#connect();
  }

  /** Says good-bye: to come back, or for good. */
  stop(state: ConnectionState): void {
    if (this.#state.status === 'closed') return;
    this.#leave();
    this.#become(state);
  }

  #leave(): void {
    const wasUp = this.#state.status === 'connected';
    this.#turn++;
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

  /** What the application has to find out before a connection can be made. */
  #await<T>(answer: Promise<T>, goOn: (value: T) => void): void {
    const turn = ++this.#turn;
    this.#become({ status: 'connecting', attempt: this.#failures });
    answer.then(
      (value) => {
        if (turn === this.#turn) goOn(value);
      },
      (cause: unknown) => {
        if (turn === this.#turn) this.#failed(asChorusError(cause));
      },
    );
  }

  #failed(error: ChorusError): void {
    // Once with a newer token, if there is one.
    const renewing = error.code === 'unauthenticated' ? this.#options.session.renewRefused() : undefined;
    if (renewing !== undefined) this.#await(renewing, () => this.#connect());
    else if (error.retry) this.#again(error.message, error.retryAfterMs);
    else this.stop({ status: 'closed', error });
  }

  #ended({ code, reason, status, retryAfterMs }: End): void {
    const { onDown, backoff } = this.#options;
    const turn = this.#turn;
    const wasUp = this.#state.status === 'connected';
    if (wasUp) {
      // One that did its work for a while: the next failure is the first.
      if (performance.now() - this.#welcomedAt > backoff.capMs) this.#failures = 0;
      onDown();
      if (turn !== this.#turn) return;
    }
    const rejected = code === UNAUTHENTICATED || status === 401;
    if (rejected || FINAL.includes(code) || FINAL_STATUSES.includes(status)) {
      const kind = rejected ? 'unauthenticated' : status === 403 ? 'forbidden' : 'disconnected';
      this.#failed(new ChorusError(kind, reason, false, { status }));
    } else {
      this.#again(reason, retryAfterMs);
      // Not each time: when all are refused, all ask.
      if (!wasUp && status === undefined && this.#failures % ASK_EVERY === 1) this.#askWhy();
    }
  }

  /** Browsers do not say why an upgrade was refused. The API does. */
  #askWhy(): void {
    const turn = this.#turn;
    this.#options.api.me().catch((cause: unknown) => {
      const error = asChorusError(cause);
      if (turn === this.#turn && /^(unauthenticated|forbidden)$/.test(error.code)) this.#failed(error);
    });
  }

  #again(reason: string, retryAfterMs = 0): void {
    const { backoff, random } = this.#options;
    const now = performance.now();
    this.#notBefore = Math.max(this.#notBefore, now + retryAfterMs);
    const asTold = this.#notBefore - now;
    // A gateway that sends its clients away has spread them itself; one that refuses them has not.
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
