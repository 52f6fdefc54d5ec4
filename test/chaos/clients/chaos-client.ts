import { ChorusClient, type HistorySource, type Room } from '@chorus/client';
import type { MessageFrame, Position } from '@chorus/protocol';
import type { ClientEvent, Unstamped } from '../history/client-event.js';
import type { ChatClient } from './chat-client.js';
import { Connections } from './recording-socket.js';

export interface ChaosClientOptions {
  /** Returns the address of the next connection. */
  url(): string;
  token: string;
  roomIds: readonly number[];
  /** Source of missed messages. */
  api: HistorySource;
  /** Like `Math.random`. */
  random(): number;
  /** Called with everything that travels over its connections and is done to them, as it happens. */
  record(event: ClientEvent): void;
  /** Called with every message that is passed to the application. */
  onSeen(message: MessageFrame): void;
  /** Called when a gap is reported to the application. */
  onGap(roomId: number): void;
  /** Called when the position of the application's own message is reported. */
  onSent(roomId: number, clientMsgId: string, position: Position): void;
}

export const BACKOFF = { baseMs: 500, capMs: 3_000 };
/** A client that stalls must be cut off by the gateway, like a program that hangs, and not by itself. */
export const LIVENESS = { askAfterMs: 5_000, answerWithinMs: 8_000 };

/** The client of the SDK, on connections that record their traffic and can be disturbed. */
export class ChaosClient implements ChatClient {
  readonly #client: ChorusClient;
  readonly #connections: Connections;
  readonly #rooms = new Map<number, Room>();
  readonly #record: (event: Unstamped) => void;
  readonly #options: ChaosClientOptions;
  /** Number of its messages whose result is unknown. */
  unanswered = 0;

  constructor(options: ChaosClientOptions) {
    const { url, token, api, random, roomIds } = options;
    this.#options = options;
    this.#record = (event) => options.record({ at: performance.now(), ...event });
    this.#connections = new Connections(this.#record);
    const { webSocket } = this.#connections;
    this.#client = new ChorusClient({ url, token, api, random, webSocket, backoff: BACKOFF, ...LIVENESS });
    this.#client.on('state', (state) => {
      if (state.status === 'closed' && state.error !== undefined) {
        this.#record({ type: 'gave-up', why: state.error.message });
      }
    });
    for (const roomId of roomIds) {
      const room = this.#client.join(roomId);
      room.on('message', (message) => options.onSeen(message as MessageFrame));
      room.on('gap', () => options.onGap(roomId));
      this.#rooms.set(roomId, room);
    }
  }

  /** Connects, and keeps reconnecting. */
  start(): void {
    this.#client.connect();
  }

  /** Whether it is connected and in all its rooms, with nothing missing. */
  get whole(): boolean {
    return this.#connections.open && [...this.#rooms.values()].every(({ status }) => status === 'joined');
  }

  position(roomId: number): Position | undefined {
    return this.#rooms.get(roomId)?.position;
  }

  /** @throws {ChorusError} */
  async publish(roomId: number, content: string, clientMsgId?: string): Promise<void> {
    const room = this.#rooms.get(roomId);
    if (room === undefined) throw new Error(`it is not in room ${roomId}`);
    this.unanswered++;
    try {
      const sent = await room.send(content, clientMsgId === undefined ? {} : { clientMsgId });
      this.#options.onSent(roomId, sent.clientMsgId, sent.position);
    } finally {
      this.unanswered--;
    }
  }

  stall(stalled: boolean): void {
    this.#connections.stall(stalled);
  }

  /** Cuts the connection without a close frame. */
  cut(): void {
    this.#connections.cut();
  }

  /** Leaves the connection open without reading it, and opens a new one. */
  abandon(): void {
    this.#connections.abandon();
  }

  /** Closes the connection normally until {@link start}. */
  rest(): void {
    this.#client.disconnect();
  }

  /** Closes the connection for good. */
  close(): void {
    this.#client.close();
    this.#connections.close();
    this.#record({ type: 'closed' });
  }
}
