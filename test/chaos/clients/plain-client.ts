import { CLOSE, formatPosition, type MessageFrame, type Position, type ServerFrame } from '@chorus/protocol';
import { WebSocket } from 'ws';
import type { ClientEvent, Unstamped } from '../history/client-event.js';
import { plainName } from '../history/message-name.js';
import { BACKOFF } from './chaos-client.js';
import type { ChatClient } from './chat-client.js';

export interface PlainClientOptions {
  /** Returns the address of the next connection. */
  url(): string;
  token: string;
  userId: number;
  roomId: number;
  /** Whether it requests missed messages when it reconnects. */
  resumes: boolean;
  /** Like `Math.random`. */
  random(): number;
  record(event: ClientEvent): void;
  onSeen(message: MessageFrame): void;
  onSent(roomId: number, clientMsgId: string, position: Position): void;
}

/** How long it keeps a connection on which nothing is confirmed, in milliseconds. */
const PATIENCE_MS = 15_000;

/**
 * A client of the plain socket: text out, JSON in. It sends one message at a time, and considers it sent when it
 * receives it on the connection that it used. It never retries: it could not distinguish a repeated message from a
 * new one.
 */
export class PlainClient implements ChatClient {
  readonly #options: PlainClientOptions;
  readonly #abandoned = new Set<WebSocket>();
  readonly #record: (event: Unstamped) => void;
  #socket: WebSocket | undefined;
  #entered = false;
  #wanted = false;
  #timer: NodeJS.Timeout | undefined;
  #position: Position | undefined;
  /** The message in flight. */
  #sending: { content: string; timer: NodeJS.Timeout } | undefined;

  constructor(options: PlainClientOptions) {
    this.#options = options;
    this.#record = (event) => options.record({ at: performance.now(), ...event });
  }

  get unanswered(): number {
    return this.#sending === undefined ? 0 : 1;
  }

  get whole(): boolean {
    return this.#entered;
  }

  position(): Position | undefined {
    return this.#position;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#connect();
  }

  async publish(roomId: number, content: string): Promise<void> {
    if (this.#sending !== undefined || !this.#entered) throw new Error('it is not ready to send');
    const timer = setTimeout(() => this.cut(), PATIENCE_MS);
    this.#sending = { content, timer };
    this.#record({ type: 'publish', roomId, clientMsgId: plainName(content), content, attempt: 1 });
    this.#socket?.send(content);
  }

  stall(stalled: boolean): void {
    if (!this.#entered) return;
    this.#record({ type: stalled ? 'stalled' : 'reading' });
    if (stalled) this.#socket?.pause();
    else this.#socket?.resume();
  }

  cut(): void {
    this.#socket?.terminate();
  }

  abandon(): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#entered) return;
    socket.pause();
    this.#abandoned.add(socket);
    this.#lost(socket, 0);
  }

  rest(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#lost(socket, CLOSE.normal.code);
    // A socket that does not read does not read the answer to a close frame either.
    if (socket.isPaused) socket.terminate();
    else socket.close();
  }

  close(): void {
    this.rest();
    for (const socket of this.#abandoned) socket.terminate();
    this.#record({ type: 'closed' });
  }

  #connect(): void {
    const { url, token, roomId, resumes } = this.#options;
    const target = new URL(`/ws/join-room/${roomId}`, url().replace('http', 'ws'));
    const since = resumes ? this.#position : undefined;
    if (since !== undefined) target.searchParams.set('since', formatPosition(since));
    const socket = new WebSocket(target, {
      ...{ headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false },
    });
    this.#socket = socket;
    this.#record({ type: 'joining', roomId, since });
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      if (socket !== this.#socket) return;
      this.#record({ type: 'refused-connection', status: response.statusCode ?? 0, error: '' });
      this.#socket = undefined;
      this.#again();
    });
    // 'close' follows.
    socket.on('error', () => {});
    socket.once('open', () => {
      if (socket !== this.#socket) return;
      this.#record({ type: 'connected', connectionId: '' });
      // Without `since` the first message shows the position of entry; with it the first frame does.
      if (since === undefined) this.#enter({ since, position: undefined, recovered: false });
    });
    socket.on('message', (data) => {
      if (socket === this.#socket) this.#receive(JSON.parse(String(data)) as ServerFrame, since);
    });
    socket.once('close', (code) => {
      this.#abandoned.delete(socket);
      this.#lost(socket, code);
    });
  }

  #enter(how: { since: Position | undefined; position: Position | undefined; recovered: boolean }): void {
    this.#entered = true;
    this.#record({ type: 'joined', roomId: this.#options.roomId, ...how });
  }

  #receive(frame: ServerFrame, since: Position | undefined): void {
    const { roomId, userId, onSeen, onSent } = this.#options;
    switch (frame.type) {
      case 'message': {
        const { epoch, seq, content } = frame;
        this.#position = { epoch, seq };
        this.#record({ type: 'message', message: frame });
        onSeen(frame);
        if (frame.userId !== userId || content !== this.#sending?.content) break;
        this.#settle();
        const clientMsgId = plainName(content);
        this.#record({ type: 'ack', roomId, clientMsgId, position: { epoch, seq } });
        onSent(roomId, clientMsgId, { epoch, seq });
        break;
      }
      case 'recovery': {
        const { epoch, seq, recovered } = frame;
        this.#enter({ since, position: { epoch, seq }, recovered });
        if (!recovered) this.#position = { epoch, seq };
        break;
      }
      case 'error': {
        const { content } = this.#sending ?? {};
        this.#settle();
        if (content === undefined) break;
        const clientMsgId = plainName(content);
        this.#record({ type: 'refused', roomId, clientMsgId, code: 'unavailable', retry: frame.retry });
        break;
      }
      case 'joined':
      case 'left':
        this.#record({ type: 'notice', kind: frame.type, roomId, userId: frame.userId });
        break;
      case 'broadcast':
        break;
      default:
        frame satisfies never;
    }
  }

  /** @param code 0 for a connection that was dropped without a close frame */
  #lost(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#entered = false;
    this.#settle();
    this.#record({ type: 'disconnected', code });
    this.#again();
  }

  #again(): void {
    if (!this.#wanted) return;
    const { baseMs, capMs } = BACKOFF;
    this.#timer = setTimeout(() => this.#connect(), baseMs + this.#options.random() * (capMs - baseMs));
  }

  #settle(): void {
    clearTimeout(this.#sending?.timer);
    this.#sending = undefined;
  }
}
