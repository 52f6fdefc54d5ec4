import type { WebSocketClass } from '@chorus/client';
import { CLOSE, type ClientFrame, type Position, type V1ServerFrame } from '@chorus/protocol';
import { WebSocket } from 'ws';
import type { Unstamped } from '../history/client-event.js';

/** The connections of one client: records their traffic beneath the client, and disturbs them. */
export class Connections {
  /** The WebSocket class for the client. */
  readonly webSocket: WebSocketClass;
  #current: RecordingSocket | undefined;
  readonly #abandoned = new Set<RecordingSocket>();
  /** Position of the last join, by room. */
  readonly #since = new Map<number, Position | undefined>();
  /** Number of attempts to send each message. */
  readonly #attempts = new Map<string, number>();

  /** @param onFrame called with every frame that a client receives, also with those that are not recorded */
  constructor(
    private readonly record: (event: Unstamped) => void,
    private readonly onFrame?: (frame: V1ServerFrame) => void,
  ) {
    const connections = this;
    this.webSocket = class extends RecordingSocket {
      constructor(url: string, protocol: string, options: { headers: Record<string, string> }) {
        super(url, protocol, { ...options, perMessageDeflate: false });
        this.connections = connections;
        connections.#current = this;
      }
    };
  }

  get open(): boolean {
    return this.#current?.readyState === WebSocket.OPEN;
  }

  /** Stops reading, as a program that hangs does; `false` continues. */
  stall(stalled: boolean): void {
    if (!this.open) return;
    this.record({ type: stalled ? 'stalled' : 'reading' });
    if (stalled) this.#current?.pause();
    else this.#current?.resume();
  }

  cut(): void {
    this.#current?.terminate();
  }

  /** Leaves the connection open without reading it; the client considers it lost. */
  abandon(): void {
    const socket = this.#current;
    if (socket === undefined || !this.open) return;
    socket.pause();
    this.#abandoned.add(socket);
    this.#ended(socket, 0);
    const { onclose } = socket;
    const event = { type: 'close', target: socket, code: CLOSE.lost.code, reason: '', wasClean: false };
    onclose?.call(socket, event);
  }

  close(): void {
    for (const socket of this.#abandoned) socket.terminate();
  }

  sent(frame: ClientFrame): void {
    if (frame.type === 'join') {
      const { roomId, since } = frame;
      this.#since.set(roomId, since);
      this.record({ type: 'joining', roomId, since });
    } else if (frame.type === 'leave') {
      this.record({ type: 'out-of-room', roomId: frame.roomId, reason: 'left' });
    } else if (frame.type === 'publish') {
      const { roomId, clientMsgId, content } = frame;
      const key = `${roomId}/${clientMsgId}`;
      const attempt = (this.#attempts.get(key) ?? 0) + 1;
      this.#attempts.set(key, attempt);
      this.record({ type: 'publish', roomId, clientMsgId, content, attempt });
    }
  }

  received(socket: RecordingSocket, frame: V1ServerFrame): void {
    if (socket !== this.#current) return;
    this.onFrame?.(frame);
    switch (frame.type) {
      case 'welcome':
        this.record({ type: 'connected', connectionId: frame.connectionId });
        break;
      case 'room-joined': {
        const { roomId, epoch, seq, recovered } = frame;
        const since = this.#since.get(roomId);
        this.record({ type: 'joined', roomId, since, position: { epoch, seq }, recovered });
        break;
      }
      case 'room-left':
        if (frame.reason !== 'left')
          this.record({ type: 'out-of-room', roomId: frame.roomId, reason: frame.reason });
        break;
      case 'message':
        this.record({ type: 'message', message: frame });
        break;
      case 'joined':
      case 'left':
        this.record({ type: 'notice', kind: frame.type, roomId: frame.roomId, userId: frame.userId });
        break;
      case 'ack': {
        const { roomId, clientMsgId, epoch, seq } = frame;
        this.record({ type: 'ack', roomId, clientMsgId, position: { epoch, seq } });
        break;
      }
      case 'reconnect':
        this.record({ type: 'reconnect-hint', afterMs: frame.afterMs });
        break;
      case 'error':
        this.#refused(frame);
        break;
      case 'stored': {
        const { roomId, epoch, seq } = frame;
        this.record({ type: 'stored', roomId, position: { epoch, seq } });
        break;
      }
      case 'history-lost': {
        const { roomId, from, to, recoverable } = frame;
        this.record({ type: 'history-lost', roomId, from, to, recoverable });
        break;
      }
      case 'change':
      case 'typing':
      case 'room-renamed':
      case 'rooms-changed':
      case 'inbox':
      case 'inbox-watched':
      case 'inbox-rooms':
      case 'inbox-reset':
      case 'read':
      case 'presence':
      case 'refreshed':
      case 'pong':
      case 'broadcast':
        break;
      default:
        frame satisfies never;
    }
  }

  /** @param refusal answer to the upgrade, if it failed */
  ended(socket: RecordingSocket, code: number, refusal?: { status: number; error: string }): void {
    this.#abandoned.delete(socket);
    if (refusal === undefined) this.#ended(socket, code);
    else if (socket === this.#current) {
      this.#current = undefined;
      this.record({ type: 'refused-connection', ...refusal });
    }
  }

  #ended(socket: RecordingSocket, code: number): void {
    if (socket !== this.#current) return;
    this.#current = undefined;
    this.record({ type: 'disconnected', code });
  }

  #refused({ request, roomId, clientMsgId, code, retry }: Extract<V1ServerFrame, { type: 'error' }>): void {
    if (roomId === undefined) return;
    if (request === 'join' && !retry) this.record({ type: 'out-of-room', roomId, reason: code });
    else if (request === 'publish' && clientMsgId !== undefined) {
      this.record({ type: 'refused', roomId, clientMsgId, code, retry });
    }
  }
}

/** A WebSocket that records everything that passes it, before its user gets it. */
class RecordingSocket extends WebSocket {
  connections: Connections | undefined;
  #opened = false;

  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    let status = 0;
    let error = '';
    this.once('open', () => {
      this.#opened = true;
    });
    this.once('unexpected-response', (_request, response) => {
      status = response.statusCode ?? 0;
    });
    this.on('error', ({ message }) => {
      error ||= message;
    });
    this.on('message', (data) => this.connections?.received(this, JSON.parse(String(data))));
    this.once('close', (code) => {
      const refusal = this.#opened ? undefined : { status, error: status === 0 ? error : '' };
      this.connections?.ended(this, code, refusal);
    });
  }

  override send(data: string): void {
    this.connections?.sent(JSON.parse(data));
    super.send(data);
  }

  override close(code?: number, reason?: string | Buffer): void {
    // It then answers a close frame, which has a reason; the end reports its code.
    const answers = reason !== undefined;
    if (this.#opened && !answers) this.connections?.ended(this, CLOSE.normal.code);
    // A socket that does not read does not read the answer either.
    if (this.isPaused) super.terminate();
    else super.close(code, reason);
  }

  override terminate(): void {
    if (this.#opened) this.connections?.ended(this, CLOSE.lost.code);
    super.terminate();
  }
}
