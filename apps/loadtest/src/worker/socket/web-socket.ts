import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Handshake } from '../../dialect.js';
import { clientFrame, closeFrame, FrameReader, OPCODE } from './frames.js';
import { Upgrade } from './upgrade.js';

export interface SocketHandlers {
  opened(): void;
  /** A text or binary message; the bytes are valid only during the call. */
  received(bytes: Buffer, start: number, end: number): void;
  /**
   * Called once, unless this side ended the socket.
   * @param code 1006 without a close frame, 1005 for one without a code
   * @param why reason of the server or the system, if the socket never opened
   * @param retryAfterMs `Retry-After` of a refusal
   */
  closed(code: number, why: string, retryAfterMs?: number): void;
}

export interface SocketOptions {
  readonly localAddress?: string | undefined;
  /** Stops reading after each read until `resume`, so that many small messages become one read. */
  readonly lazy?: boolean;
}

const HANDSHAKE_MS = 15_000;
/** Longest wait for the server's close frame. */
const CLOSING_MS = 2_000;

/** All sockets read into it: a read is handled completely before the next one. */
const shared = Buffer.allocUnsafeSlow(256 * 1_024);

/**
 * A WebSocket client reduced to what a load test needs, because its cost per message bounds the load on a server.
 * Receiving messages of 240 bytes on 1,000 sockets, one per read, it took 5.6 µs of processor time each and `ws` 10.0
 * in one run, a ratio of 1 to 1.8. Most of it is the kernel's `read`, which both need: outside the kernel the ratio
 * is 1 to 2.7.
 */
export class WebSocketClient {
  readonly #socket: Socket;
  readonly #upgrade: Upgrade;
  readonly #frames: FrameReader;
  readonly #timer: NodeJS.Timeout;
  #state: 'upgrading' | 'open' | 'closing' | 'ended' = 'upgrading';
  #lastError = '';

  /** @param base `ws://host:port` */
  constructor(
    base: URL,
    handshake: Handshake,
    private readonly handlers: SocketHandlers,
    options: SocketOptions = {},
  ) {
    const secure = base.protocol === 'wss:';
    const host = base.hostname.replace(/^\[|\]$/g, '');
    const port = Number(base.port || (secure ? 443 : 80));
    const { localAddress, lazy = false } = options;
    const where = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
    this.#upgrade = new Upgrade(base.host, handshake);
    this.#frames = new FrameReader({
      message: (bytes, start, end) => handlers.received(bytes, start, end),
      control: (opcode, payload) => this.#control(opcode, payload),
      broken: (code, why) => {
        this.#socket.write(closeFrame(code));
        this.#end(code, why);
      },
    });
    if (secure) {
      this.#socket = connectTls({ ...where, ...(isIP(host) === 0 ? { servername: host } : {}) });
      this.#socket.on('data', (data: Buffer) => {
        this.#read(data, data.length);
        if (lazy && this.#state === 'open') this.#socket.pause();
      });
    } else {
      const callback = (count: number, buffer: Uint8Array): boolean => {
        this.#read(buffer as Buffer, count);
        return !lazy || this.#state !== 'open';
      };
      this.#socket = connect({ ...where, onread: { buffer: shared, callback } });
    }
    this.#socket.setNoDelay(true);
    this.#socket.once(secure ? 'secureConnect' : 'connect', () => {
      this.#socket.write(this.#upgrade.request, 'latin1');
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#lastError = error.code ?? error.message;
    });
    this.#socket.once('close', () => this.#gone());
    this.#timer = setTimeout(() => this.#end(1006, 'no answer to the upgrade in time'), HANDSHAKE_MS);
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  /** Does nothing when the socket is not open. */
  send(text: string): void {
    if (this.#state === 'open') this.#socket.write(clientFrame(OPCODE.text, text));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends it without a close frame, like a broken network. */
  cut(): void {
    this.#leave();
    this.#socket.destroy();
  }

  /** Sends a close frame, and ends when the server has answered it. */
  close(code = 1000): void {
    if (this.#state !== 'open') {
      this.cut();
      return;
    }
    this.#leave();
    this.#state = 'closing';
    this.#socket.resume();
    this.#socket.end(closeFrame(code));
    const timer = setTimeout(() => this.#socket.destroy(), CLOSING_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #read(buffer: Buffer, count: number): void {
    if (this.#state === 'open') this.#frames.read(buffer, 0, count);
    else if (this.#state === 'upgrading') this.#answered(buffer.subarray(0, count), false);
  }

  #answered(bytes: Uint8Array, ended: boolean): void {
    const answer = this.#upgrade.read(bytes, ended);
    if (answer === undefined) return;
    if (answer.done === 'refused') {
      this.#end(1006, answer.why, true, answer.retryAfterMs);
      return;
    }
    clearTimeout(this.#timer);
    this.#state = 'open';
    this.handlers.opened();
    if (answer.rest.length > 0 && this.open) this.#frames.read(answer.rest, 0, answer.rest.length);
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) this.#socket.write(clientFrame(OPCODE.pong, payload));
    if (opcode !== OPCODE.close) return;
    const code = payload.length < 2 ? undefined : payload.readUInt16BE();
    this.#frames.stop();
    this.#socket.end(closeFrame(code));
    this.#end(code ?? 1005, payload.toString('utf8', 2), false);
  }

  /** The connection has ended, from either side. */
  #gone(): void {
    if (this.#state === 'upgrading' && this.#lastError === '') this.#answered(Buffer.alloc(0), true);
    this.#end(1006, this.#lastError === '' ? 'connection lost' : this.#lastError);
  }

  #end(code: number, why: string, destroy = true, retryAfterMs = 0): void {
    if (this.#state === 'ended' || this.#state === 'closing') return;
    this.#leave();
    if (destroy) this.#socket.destroy();
    else this.#socket.destroySoon();
    this.handlers.closed(code, why, retryAfterMs);
  }

  #leave(): void {
    this.#state = 'ended';
    clearTimeout(this.#timer);
    this.#frames.stop();
  }
}
