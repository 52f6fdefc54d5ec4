import type uWS from 'uWebSockets.js';
import { CLOSE, type CloseReason } from '@chorus/protocol';
import type { Standstill } from './standstill.js';
import type { Session, Socket, TransportCounts } from './transport.js';

/** Time that a closing socket gets to read its queue, in milliseconds. */
const CLOSE_DEADLINE_MS = 5_000;

/** Data that the library keeps with a socket. */
export interface UserData {
  socket: UwsSocket;
}

/** Topic that has exactly one subscriber, for the duration of one publish. */
const ALONE = 'alone';

type Handle = uWS.WebSocket<UserData>;

/** Ties a library socket to its session. Calls on a closed library socket would throw. */
export class UwsSocket implements Socket {
  #handle: Handle | undefined;
  #closing: CloseReason | undefined;
  #deadline: NodeJS.Timeout | undefined;
  readonly #standstills: number;

  constructor(
    private readonly session: Session,
    private readonly subprotocol: string | undefined,
    private readonly counts: TransportCounts,
    private readonly app: uWS.TemplatedApp,
    private readonly standstill: Standstill,
  ) {
    this.#standstills = standstill.count();
  }

  opened(handle: Handle): void {
    this.#handle = handle;
    this.counts.socketOpened(this.subprotocol);
    this.session.opened(this);
  }

  received(message: ArrayBuffer, isBinary: boolean, maxFrameBytes: number): void {
    if (this.#closing !== undefined) return;
    this.counts.bytesIn += message.byteLength;
    if (this.standstill.count() !== this.#standstills) this.session.stale();
    else if (isBinary) this.close(CLOSE.binaryFrame);
    else if (message.byteLength > maxFrameBytes) this.close(CLOSE.frameTooBig);
    else this.session.received(Buffer.from(message).toString('utf8'), message.byteLength);
  }

  pinged(): void {
    if (this.#closing === undefined) this.session.pinged();
  }

  get queuedBytes(): number {
    return this.#handle?.getBufferedAmount() ?? 0;
  }

  send(frame: string | Uint8Array): void {
    if (this.#closing !== undefined || this.#handle === undefined) return;
    this.#handle.send(frame, false);
    this.counts.bytesOut += typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength;
  }

  sendAll(frames: ReadonlyArray<string | Uint8Array>): void {
    this.#handle?.cork(() => {
      for (const frame of frames) this.send(frame);
    });
  }

  /**
   * Publishes to a topic of which this socket is the only subscriber: the library batches frames that are published,
   * but writes frames that are sent to one socket at once.
   */
  sendAlong(frame: string): void {
    if (this.#closing !== undefined || this.#handle === undefined) return;
    this.#handle.subscribe(ALONE);
    this.app.publish(ALONE, frame, false);
    this.counts.bytesOut += Buffer.byteLength(frame);
    this.#handle.unsubscribe(ALONE);
  }

  subscribe(topic: string): void {
    if (this.#closing === undefined) this.#handle?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#handle?.unsubscribe(topic);
  }

  publish(topic: string, frame: Uint8Array): void {
    if (this.#closing === undefined) this.#handle?.publish(topic, frame, false);
  }

  close(reason: CloseReason): void {
    if (this.#handle === undefined || this.#closing !== undefined) return;
    this.#closing = reason;
    if (reason === CLOSE.slowReader) this.counts.slowReaders++;
    // The library may be iterating its topics now: a publish that found this socket's queue full calls this method.
    setImmediate(() => {
      for (const topic of this.#handle?.getTopics() ?? []) this.#handle?.unsubscribe(topic);
      this.#finish();
    });
    this.#deadline = setTimeout(() => this.#handle?.close(), CLOSE_DEADLINE_MS);
  }

  /** The socket's queue became shorter. */
  drained(): void {
    if (this.#closing === undefined) this.session.drained?.();
    else this.#finish();
  }

  /** Sends the close frame when the queue is empty: the library would drop it while the queue is full. */
  #finish(): void {
    if (this.#closing === undefined || this.#handle === undefined) return;
    if (this.#handle.getBufferedAmount() === 0) this.#handle.end(this.#closing.code, this.#closing.reason);
  }

  closed(code: number): void {
    clearTimeout(this.#deadline);
    this.#handle = undefined;
    // The library does not know why it cut a socket that did not read its close frame in time.
    this.counts.socketClosed(this.subprotocol, this.#closing?.code ?? code);
    this.session.closed(code);
  }
}
