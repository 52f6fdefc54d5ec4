import type { ClientFrame, V1ServerFrame } from '@chorus/protocol/types';
import { asChorusError, ChorusError } from '../chorus-error.js';
import type { Backoff, ClientOptions, HistorySource } from '../options.js';
import { Pending } from '../pending.js';
import type { ConnectionState } from '../types.js';
import { FINAL, UNAUTHENTICATED } from './close-codes.js';
import { Connection, type ConnectionOptions, type ConnectionOwner, type End } from './connection.js';
import { Pacer } from './pacer.js';
import { Session } from './session.js';

export interface ReconnectorOptions extends Pick<ClientOptions, 'token' | 'refresh'>, ConnectionOptions {
  readonly api: HistorySource;
  readonly backoff: Backoff;
  random(): number;
  onFrame(frame: V1ServerFrame): void;
  /** A `connected` connection has ended: frames sent over it will not be answered. */
  onDown(): void;
  onState(state: ConnectionState): void;
  onError(error: ChorusError): void;
}

/** Longest time between a gateway's `reconnect` frame and its close frame, in milliseconds. */
const HINT_TO_CLOSE_MS = 5_000;
/** The client asks the API for the reason of refusals at every n-th failed attempt. */
const ASK_EVERY = 4;

/** Makes one connection after the other, while the application wants one and the gateway allows it. */
export class Reconnector implements ConnectionOwner {
  readonly #options: ReconnectorOptions;
  /** The next step: the next attempt, or dropping a connection that should have been closed. */
  readonly #pending: Pending;
  readonly #pacer = new Pacer();
  readonly session: Session;
  /** Resolves when the last connection has ended. */
  gone: Promise<void> | undefined;
  state: ConnectionState = { status: 'idle' };
  #connection: Connection | undefined;
  #welcomedAt = 0;
  /** Earliest time for the next attempt, as requested by a gateway. */
  #notBefore = 0;

  constructor(options: ReconnectorOptions) {
    this.#options = options;
    this.#pending = new Pending(options);
    this.session = new Session(options, (token) => {
      if (token) this.send(() => ({ type: 'refresh', token }));
      else this.#renew();
    });
  }

  get isUp(): boolean {
    return this.state.status === 'connected';
  }

  /** Connects now. Does nothing while connected or connecting. */
  start(): void {
    if (/idle|waiting/.test(this.state.status)) this.#connect();
  }

  /**
   * Sends a frame as soon as the gateway's limit allows; never if the connection ends before.
   * @param make builds the frame at that moment; returns undefined if it is no longer wanted
   * @param canWait whether all other frames go first
   */
  send(make: () => ClientFrame | undefined, canWait = false): void {
    if (!this.isUp) return;
    this.#pacer.run(() => {
      const frame = make();
      if (frame) this.#connection?.send(JSON.stringify(frame));
      return !!frame;
    }, canWait);
  }

  /** The network may have changed. */
  nudge(online: boolean): void {
    if (this.isUp) this.#connection?.probe();
    else if (online && this.state.status === 'waiting' && performance.now() >= this.#notBefore)
      this.#connect();
  }

  /** Reconnects with the session's current token. */
  #renew(): void {
    if (!this.isUp) return;
    this.#leave();
    // A listener of onDown may have closed the client.
    if (this.isUp) this.#connect();
  }

  /** Closes the connection and takes the given state: idle or closed. */
  stop(state: ConnectionState): void {
    if (this.state.status === 'closed') return;
    this.#leave();
    this.#become(state);
  }

  #leave(): void {
    const wasUp = this.isUp;
    this.#pending.cancelAll();
    this.gone = this.#connection?.close() ?? this.gone;
    this.#connection = undefined;
    if (wasUp) this.#down();
  }

  #down(): void {
    this.#pacer.stop();
    this.session.stop();
    this.#options.onDown();
  }

  received(frame: V1ServerFrame): void {
    const { type } = frame;
    if (type === 'welcome') {
      const { connectionId, user, limits } = frame;
      const { maxFrameBytes, maxMessagesPerSecond } = limits;
      this.#welcomedAt = performance.now();
      this.#connection?.welcomed();
      this.#pacer.start(maxMessagesPerSecond);
      this.#become({ status: 'connected', connectionId, user, maxFrameBytes });
    } else if (type === 'reconnect') {
      this.#notBefore = performance.now() + frame.afterMs;
      this.#pending.after(HINT_TO_CLOSE_MS, () => this.#connection?.drop('silent'));
    }
    if (type === 'welcome' || type === 'refreshed') this.session.accepted(frame.expiresAt, frame.now);
    this.#options.onFrame(frame);
  }

  /** @param renewal of the token, to wait for */
  async #connect(renewal?: Promise<unknown>): Promise<void> {
    this.#pending.cancelAll();
    const wanted = this.#pending.wanted();
    this.#become({ status: 'connecting', attempt: this.#pending.failures });
    try {
      await renewal;
      const token = await this.session.token();
      if (!wanted()) return;
      this.#connection = new Connection(this.#options, token, this);
    } catch (cause) {
      if (wanted()) this.#failed(asChorusError(cause));
    }
  }

  #failed(error: ChorusError): void {
    // Once, with a newer token if there is one.
    const renewing = error.code === 'unauthenticated' ? this.session.renewRefused() : undefined;
    if (renewing) this.#connect(renewing);
    else if (error.retry) this.#retry(error.message, error.retryAfterMs);
    else this.stop({ status: 'closed', error });
  }

  ended({ code, reason, status, retryAfterMs }: End): void {
    const { backoff, api } = this.#options;
    const pending = this.#pending;
    const wasUp = this.isUp;
    this.#connection = undefined;
    pending.cancelAll();
    const wanted = pending.wanted();
    if (wasUp) {
      // The connection was up long enough: the next failure counts as the first.
      if (performance.now() - this.#welcomedAt > backoff.capMs) pending.failures = 0;
      this.#down();
      if (!wanted()) return;
    }
    const rejected = code === UNAUTHENTICATED || status === 401;
    if (rejected || FINAL.test(`${status ?? code}`)) {
      const kind = rejected ? 'unauthenticated' : status === 403 ? 'forbidden' : 'disconnected';
      this.#failed(new ChorusError(kind, reason, false, { status }));
      return;
    }
    this.#retry(reason, retryAfterMs);
    if (wasUp || status || pending.failures % ASK_EVERY !== 1) return;
    // Browsers hide why an upgrade was refused; the API tells. Not at each attempt: when a gateway refuses all clients, all of them ask.
    api.me().catch((cause: unknown) => {
      const error = asChorusError(cause);
      if (wanted() && /^(unauthenticated|user_banned|forbidden)$/.test(error.code)) this.#failed(error);
    });
  }

  #retry(reason: string, retryAfterMs = 0): void {
    const pending = this.#pending;
    const now = performance.now();
    const connect = (): void => void this.#connect();
    this.#notBefore = Math.max(this.#notBefore, now + retryAfterMs);
    let wait = this.#notBefore - now;
    // A gateway that requests reconnects spreads them itself; a gateway that refuses clients does not.
    if (wait > 0 && retryAfterMs === 0 && pending.failures === 0) {
      pending.failures = 1;
      pending.after(wait, connect);
    } else wait = pending.retry(connect, { retryAfterMs: wait });
    this.#become({ status: 'waiting', attempt: pending.failures, retryAt: Date.now() + wait, reason });
  }

  #become(state: ConnectionState): void {
    this.state = state;
    this.#options.onState(state);
  }
}
