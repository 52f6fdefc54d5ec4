import { isAfter, type Position, type V1ServerFrame } from '@chorus/protocol';
import { type Backoff, fullJitter } from './backoff.js';
import type { ClientEvent, Unstamped } from './client-event.js';
import { type Draft, Outbox } from './outbox.js';
import { ReconnectingSocket } from './reconnecting-socket.js';

export interface ResumingClientOptions {
  /** Of the balancer, or of one gateway: `http://…`. A function is asked before each attempt. */
  url: string | (() => string);
  token: string;
  /** Rooms to be in from the start. */
  rooms?: readonly number[];
  /** Default {@link DEFAULT_BACKOFF}. */
  backoff?: Backoff;
  /** As `Math.random`. */
  random?: () => number;
  /** Called with everything that happens, as it happens. */
  record?(event: ClientEvent): void;
}

export const DEFAULT_BACKOFF: Backoff = { baseMs: 500, capMs: 3_000 };

/** A message that was refused and would be again, or that was not answered before the client was closed. */
export class NotSentError extends Error {
  override name = 'NotSentError';
}

interface Room {
  /** The last message seen, or where the room stood when it was entered. */
  position: Position | undefined;
  /** What the gateway knows of it, over the connection that is open now. */
  state: 'out' | 'joining' | 'joined';
  /** How often in a row it was refused something that it may try again. */
  refusals: number;
  /** It is about to say again what was refused. */
  retrying: boolean;
}

/**
 * A `chorus.v1` client that comes back by itself: many rooms over one socket, the position in each of
 * them kept over reconnects, what was not acknowledged sent again in order under the same name.
 */
export class ResumingClient {
  readonly #socket: ReconnectingSocket;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  readonly #record: (event: Unstamped) => void;
  readonly #rooms = new Map<number, Room>();
  readonly #outbox = new Outbox();
  readonly #timers = new Set<NodeJS.Timeout>();
  #said = 0;

  constructor({ url, token, rooms = [], ...options }: ResumingClientOptions) {
    const backoff = options.backoff ?? DEFAULT_BACKOFF;
    const random = options.random ?? Math.random;
    const record = (event: Unstamped): void => options.record?.({ at: performance.now(), ...event });
    this.#backoff = backoff;
    this.#random = random;
    this.#record = record;
    this.#socket = new ReconnectingSocket({
      url: typeof url === 'function' ? url : () => url,
      ...{ token, backoff, random, record },
      onFrame: (frame) => this.#received(frame),
      onDown: () => {
        this.#outbox.interrupted();
        for (const room of this.#rooms.values()) room.state = 'out';
      },
      onGivenUp: () => this.#forget(),
    });
    for (const roomId of rooms) this.join(roomId);
  }

  /** Connects, and goes on doing so. */
  start(): void {
    this.#socket.start();
  }

  /** Connected, and in every room that it is to be in. */
  get whole(): boolean {
    return this.#socket.open && [...this.#rooms.values()].every(({ state }) => state === 'joined');
  }

  /** Messages that it said and does not know the fate of. */
  get unanswered(): number {
    return this.#outbox.size;
  }

  /** The last message seen in a room, or where it stood when it was entered. */
  position(roomId: number): Position | undefined {
    return this.#rooms.get(roomId)?.position;
  }

  join(roomId: number): void {
    if (this.#rooms.has(roomId)) return;
    this.#rooms.set(roomId, { position: undefined, state: 'out', refusals: 0, retrying: false });
    this.#sendJoin(roomId);
  }

  /** Leaves for good; what was said there and not answered fails. */
  leave(roomId: number): void {
    this.#socket.send({ type: 'leave', roomId });
    this.#out(roomId, 'left');
  }

  /**
   * Says something in a room, as soon as it can and as often as it takes.
   * @returns its position, once it is acknowledged
   * @throws {NotSentError}
   */
  publish(roomId: number, content: string, clientMsgId = `m${++this.#said}`): Promise<Position> {
    return new Promise((resolve, reject) => {
      const draft: Draft = { roomId, clientMsgId, content, attempts: 0, underWay: false, resolve, reject };
      this.#outbox.add(draft);
      if (this.#rooms.get(roomId)?.state === 'joined') this.#sendDraft(draft);
    });
  }

  /** Stops reading, as a program that hangs does; `false` reads on. */
  stall(stalled: boolean): void {
    if (!this.#socket.open) return;
    this.#record({ type: stalled ? 'stalled' : 'reading' });
    this.#socket.stall(stalled);
  }

  /** Cuts the connection without a close frame. */
  cut(): void {
    this.#socket.cut();
  }

  /** Leaves the connection open behind, never to be read again, and makes a new one. */
  abandon(): void {
    this.#socket.abandon();
  }

  /** Says good-bye and stays away until {@link start}; what was said and not answered is kept. */
  rest(): void {
    this.#socket.rest();
  }

  /** Says good-bye for good. What was not answered fails. */
  close(): void {
    this.#socket.close();
    this.#forget();
    this.#record({ type: 'closed' });
  }

  #received(frame: V1ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#record({ type: 'connected', connectionId: frame.connectionId });
        for (const roomId of this.#rooms.keys()) this.#sendJoin(roomId);
        break;
      case 'room-joined':
        this.#joined(frame);
        break;
      case 'message': {
        const room = this.#rooms.get(frame.roomId);
        if (room !== undefined && (room.position === undefined || isAfter(frame, room.position))) {
          room.position = { epoch: frame.epoch, seq: frame.seq };
        }
        this.#record({ type: 'message', message: frame });
        break;
      }
      case 'joined':
      case 'left':
        this.#record({ type: 'notice', kind: frame.type, roomId: frame.roomId, userId: frame.userId });
        break;
      case 'ack': {
        const { roomId, clientMsgId, epoch, seq } = frame;
        const position = { epoch, seq };
        this.#record({ type: 'ack', roomId, clientMsgId, position });
        const room = this.#rooms.get(roomId);
        if (room !== undefined) room.refusals = 0;
        this.#outbox.settle(roomId, clientMsgId)?.resolve(position);
        break;
      }
      case 'error':
        this.#refused(frame);
        break;
      case 'room-left':
        if (frame.reason !== 'left') this.#out(frame.roomId, frame.reason);
        break;
      case 'reconnect':
        this.#record({ type: 'reconnect-hint', afterMs: frame.afterMs });
        this.#socket.sentAway(frame.afterMs);
        break;
      case 'stored':
      case 'typing':
      case 'presence':
      case 'refreshed':
      case 'pong':
      case 'broadcast':
        break;
      default:
        frame satisfies never;
    }
  }

  #joined({ roomId, epoch, seq, recovered }: Extract<V1ServerFrame, { type: 'room-joined' }>): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    const since = room.position;
    const position = { epoch, seq };
    // Recovered, everything in between is still to come.
    if (!recovered) room.position = position;
    room.state = 'joined';
    room.refusals = 0;
    if (this.whole) this.#socket.succeeded();
    this.#record({ type: 'joined', roomId, since, position, recovered });
    this.#sendWaiting(roomId);
  }

  #refused({ request, roomId, clientMsgId, code, retry }: Extract<V1ServerFrame, { type: 'error' }>): void {
    const room = roomId === undefined ? undefined : this.#rooms.get(roomId);
    if (roomId === undefined || room === undefined) return;
    if (request === 'join') {
      room.state = 'out';
      if (retry) this.#later(room.refusals++, () => this.#sendJoin(roomId));
      else this.#out(roomId, code);
    } else if (request === 'publish' && clientMsgId !== undefined) {
      this.#record({ type: 'refused', roomId, clientMsgId, code, retry });
      const draft = this.#outbox.get(roomId, clientMsgId);
      if (draft === undefined) return;
      draft.underWay = false;
      if (retry) this.#retry(roomId, room);
      else this.#outbox.settle(roomId, clientMsgId)?.reject(new NotSentError(code));
    }
  }

  #out(roomId: number, reason: string): void {
    this.#rooms.delete(roomId);
    for (const draft of this.#outbox.drain(roomId)) draft.reject(new NotSentError(reason));
    this.#record({ type: 'out-of-room', roomId, reason });
  }

  #sendJoin(roomId: number): void {
    const room = this.#rooms.get(roomId);
    if (room?.state !== 'out' || !this.#socket.open) return;
    room.state = 'joining';
    const since = room.position;
    this.#record({ type: 'joining', roomId, since });
    this.#socket.send({ type: 'join', roomId, since });
  }

  #sendWaiting(roomId: number): void {
    if (this.#rooms.get(roomId)?.state !== 'joined') return;
    for (const draft of this.#outbox.waiting(roomId)) this.#sendDraft(draft);
  }

  /** What was refused in a room is said again together: one wait, not one for each message. */
  #retry(roomId: number, room: Room): void {
    if (room.retrying) return;
    room.retrying = true;
    this.#later(room.refusals++, () => {
      room.retrying = false;
      this.#sendWaiting(roomId);
    });
  }

  #sendDraft(draft: Draft): void {
    const { roomId, clientMsgId, content } = draft;
    draft.underWay = true;
    draft.attempts++;
    this.#record({ type: 'publish', roomId, clientMsgId, content, attempt: draft.attempts });
    this.#socket.send({ type: 'publish', roomId, clientMsgId, content });
  }

  #later(attempt: number, action: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        action();
      },
      fullJitter(attempt, this.#backoff, this.#random),
    );
    this.#timers.add(timer);
  }

  #forget(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const draft of this.#outbox.drain()) draft.reject(new NotSentError('the client was closed'));
  }
}
