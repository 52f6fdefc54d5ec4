import { CLOSE, SUBPROTOCOL, type V1ServerFrame } from '@chorus/protocol';
import { WebSocket } from 'ws';
import { type Backoff, fullJitter } from './backoff.js';
import type { Unstamped } from './client-event.js';

export interface ReconnectingSocketOptions {
  /** Where to connect the next time: the balancer, or a gateway, as `http://…`. */
  url(): string;
  token: string;
  backoff: Backoff;
  /** As `Math.random`. */
  random(): number;
  onFrame(frame: V1ServerFrame): void;
  /** The connection is gone; nothing that was sent over it will be answered. */
  onDown(): void;
  /** It will not be tried again. */
  onGivenUp(): void;
  record(event: Unstamped): void;
}

/** A connection that is silent for so long is asked whether it lives, and given up when it stays silent, in milliseconds. */
const ASK_AFTER_MS = 5_000;
const HANDSHAKE_MS = 10_000;
/** How long a gateway may take from its hint to its close frame. */
const HINT_TO_CLOSE_MS = 5_000;

/** Statuses of an upgrade that are the same at the next attempt. */
const FINAL_STATUSES = new Set([400, 401, 403, 404]);
const FINAL_CODES = new Set<number>(
  Object.values(CLOSE)
    .filter(({ reconnect }) => !reconnect)
    .map(({ code }) => code),
);

/** One `chorus.v1` connection after the other, for as long as it is wanted and allowed. */
export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  readonly #abandoned = new Set<WebSocket>();
  #socket: WebSocket | undefined;
  #wanted = false;
  #failures = 0;
  #heardAt = 0;
  /** Whether the connection is to say that it lives. */
  #asked = false;
  /** The earliest time for the next attempt, as a gateway said. */
  #notBefore = 0;
  #connecting: NodeJS.Timeout | undefined;
  #hint: NodeJS.Timeout | undefined;

  constructor(options: ReconnectingSocketOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#connect();
  }

  /** Does nothing without a connection. */
  send(frame: object): void {
    if (this.open) this.#socket?.send(JSON.stringify(frame));
  }

  /** The connection does its work: the next failure is the first. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** The gateway is about to close this connection; connect again after so long, in milliseconds. */
  sentAway(afterMs: number): void {
    this.#notBefore = performance.now() + afterMs;
    clearTimeout(this.#hint);
    this.#hint = setTimeout(() => {
      this.#sayGoodBye();
      this.#connectAgain();
    }, HINT_TO_CLOSE_MS);
  }

  stall(stalled: boolean): void {
    if (stalled) this.#socket?.pause();
    else this.#socket?.resume();
    this.#heard();
  }

  cut(): void {
    this.#socket?.terminate();
  }

  abandon(): void {
    const socket = this.#socket;
    if (socket === undefined || !this.open) return;
    socket.pause();
    this.#abandoned.add(socket);
    this.#down(0);
    this.#connectAgain();
  }

  /** Says good-bye, and stays away until {@link start}. */
  rest(): void {
    this.#wanted = false;
    clearTimeout(this.#connecting);
    this.#sayGoodBye();
  }

  close(): void {
    this.rest();
    for (const socket of this.#abandoned) socket.terminate();
  }

  #connect(): void {
    const { url, token } = this.#options;
    const target = new URL('/ws/connect', url().replace(/^http/, 'ws'));
    const socket = new WebSocket(target, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#socket = socket;
    this.#heard();
    const watch = setInterval(() => this.#checkAlive(socket), ASK_AFTER_MS);
    let opened = false;
    let status = 0;
    let error = '';
    socket.once('open', () => {
      opened = true;
    });
    socket.once('unexpected-response', (_request, response) => {
      status = response.statusCode ?? 0;
      const seconds = Number(response.headers['retry-after']);
      if (seconds > 0) this.#notBefore = performance.now() + seconds * 1_000;
      socket.terminate();
    });
    // The end is told by 'close'; a socket that breaks says 'error' first.
    socket.on('error', ({ message }) => {
      error ||= message;
    });
    socket.on('message', (data) => {
      if (socket !== this.#socket) return;
      this.#heard();
      this.#options.onFrame(JSON.parse(String(data)) as V1ServerFrame);
    });
    socket.once('close', (code) => {
      clearInterval(watch);
      this.#abandoned.delete(socket);
      if (socket !== this.#socket) return;
      if (opened) this.#closed(code);
      else this.#refused(status, error);
    });
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#asked = false;
  }

  #checkAlive(socket: WebSocket): void {
    if (socket !== this.#socket || socket.isPaused || !this.open) return;
    if (performance.now() - this.#heardAt < ASK_AFTER_MS) return;
    if (this.#asked) socket.terminate();
    this.send({ type: 'ping' });
    this.#asked = true;
  }

  #refused(status: number, error: string): void {
    this.#socket = undefined;
    this.#options.record({ type: 'refused-connection', status, error: status === 0 ? error : '' });
    if (FINAL_STATUSES.has(status)) this.#giveUp(`the connection was refused with ${status}`);
    else this.#connectAgain();
  }

  #closed(code: number): void {
    this.#down(code);
    if (FINAL_CODES.has(code)) this.#giveUp(`the connection was closed with ${code}`);
    else this.#connectAgain();
  }

  #down(code: number): void {
    this.#socket = undefined;
    clearTimeout(this.#hint);
    this.#options.record({ type: 'disconnected', code });
    this.#options.onDown();
  }

  /** Does not wait for the answer: what still comes is not wanted. */
  #sayGoodBye(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const wasOpen = this.open;
    if (wasOpen && !socket.isPaused) socket.close(CLOSE.normal.code);
    else socket.terminate();
    this.#socket = undefined;
    if (wasOpen) this.#down(CLOSE.normal.code);
  }

  #connectAgain(): void {
    if (!this.#wanted) return;
    const { backoff, random } = this.#options;
    const asTold = Math.max(0, this.#notBefore - performance.now());
    // A gateway that sends its clients away has spread them itself; one that refuses them has not.
    const spread = asTold > 0 && this.#failures === 0;
    const wait = asTold + (spread ? 0 : fullJitter(this.#failures, backoff, random));
    this.#failures++;
    clearTimeout(this.#connecting);
    this.#connecting = setTimeout(() => this.#connect(), wait);
  }

  #giveUp(why: string): void {
    this.#wanted = false;
    this.#options.record({ type: 'gave-up', why });
    this.#options.onGivenUp();
  }
}
