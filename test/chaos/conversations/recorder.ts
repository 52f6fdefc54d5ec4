import {
  type ClientFrame,
  isAfter,
  type Member,
  type Position,
  SUBPROTOCOL,
  type V1ServerFrame,
} from '@chorus/protocol';
import type { Prng } from '@chorus/testing';
import { WebSocket } from 'ws';
import type { Records } from './draft.js';

export interface RecorderOptions {
  readonly name: string;
  readonly user: Member;
  readonly token: string;
  /** Returns the address of the next connection. */
  url(): string;
  readonly roomIds: readonly number[];
  readonly records: Records;
  readonly prng: Prng;
  /** Position after which it resumes first. */
  readonly since?: Position;
}

const CONNECT_MS = [200, 600] as const;
const JOIN_MS = [100, 500] as const;
const WATCH_MS = [0, 3_000] as const;
/** A connection without a frame for so long is dead, in milliseconds. */
const SILENCE_MS = 8_000;
const PING_MS = 2_000;

interface RecordedRoom {
  readonly roomId: number;
  isIn: boolean;
  askedAt: number;
  /** Position of the last entry received. */
  position: Position | undefined;
}

/**
 * A bare socket that always wants to be in its rooms: it joins again after every refusal and removal, resumes from the last entry that it
 * received, and records every frame. It watches the inbox, and marks
 * what it receives as read.
 */
export class Recorder {
  readonly #rooms: readonly RecordedRoom[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #socket: WebSocket | undefined;
  #heardAt = 0;
  #closed = false;
  /** Number of joins that were refused. */
  refused = 0;

  constructor(private readonly options: RecorderOptions) {
    const { roomIds, since } = options;
    const position = since && { epoch: since.epoch, seq: since.seq };
    this.#rooms = roomIds.map((roomId) => ({ roomId, isIn: false, askedAt: 0, position }));
  }

  get name(): string {
    return this.options.name;
  }

  start(): void {
    this.#connect();
    const pings = setInterval(() => this.#ping(), PING_MS);
    this.#timers.add(pings);
  }

  isIn(roomId: number): boolean {
    return this.#rooms.some((room) => room.roomId === roomId && room.isIn);
  }

  position(roomId: number): Position | undefined {
    return this.#rooms.find((room) => room.roomId === roomId)?.position;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket?.terminate();
  }

  #connect(): void {
    const { url, token } = this.options;
    const socket = new WebSocket(new URL('/ws/connect', url().replace('http', 'ws')), SUBPROTOCOL, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.on('error', () => {});
    socket.on('message', (data) => {
      if (socket === this.#socket) this.#received(JSON.parse(String(data)) as V1ServerFrame);
    });
    socket.once('close', () => {
      if (socket !== this.#socket) return;
      for (const room of this.#rooms) room.isIn = false;
      this.#later(CONNECT_MS, () => this.#connect());
    });
  }

  #received(frame: V1ServerFrame): void {
    this.#heardAt = performance.now();
    const room = 'roomId' in frame ? this.#rooms.find(({ roomId }) => roomId === frame.roomId) : undefined;
    const { records, user, name } = this.options;
    records.received(frame, user.id, name, frame.type === 'room-joined' ? room?.askedAt : undefined);
    if (frame.type === 'welcome') {
      this.#send({ type: 'watch-rooms' });
      this.#send({ type: 'watch-inbox' });
      for (const each of this.#rooms) this.#join(each);
    }
    const isUnwatched = frame.type === 'error' && frame.request === 'watch-inbox';
    if (frame.type === 'inbox-reset' || isUnwatched) {
      this.#later(WATCH_MS, () => this.#send({ type: 'watch-inbox' }));
    }
    if (room === undefined) return;
    switch (frame.type) {
      case 'message':
      case 'change':
        room.position = { epoch: frame.epoch, seq: frame.seq };
        break;
      case 'room-joined':
        room.isIn = true;
        if (!frame.recovered && (room.position === undefined || isAfter(frame, room.position))) {
          room.position = { epoch: frame.epoch, seq: frame.seq };
        }
        break;
      case 'room-left':
        room.isIn = false;
        this.#later(JOIN_MS, () => this.#join(room));
        break;
      case 'error':
        if (frame.request !== 'join') break;
        this.refused++;
        this.#later(JOIN_MS, () => this.#join(room));
        break;
      default:
    }
  }

  #join(room: RecordedRoom): void {
    if (room.isIn) return;
    room.askedAt = performance.now();
    this.#send({ type: 'join', roomId: room.roomId, since: room.position });
  }

  #ping(): void {
    if (performance.now() - this.#heardAt > SILENCE_MS) this.#socket?.terminate();
    this.#send({ type: 'ping' });
    const { roomId, position } = this.options.prng.pick(this.#rooms);
    if (position === undefined) return;
    this.options.records.reads(roomId, this.options.user.id, position);
    this.#send({ type: 'read', roomId, ...position });
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #later(bounds: readonly [number, number], action: () => void): void {
    if (this.#closed) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        action();
      },
      this.options.prng.between(...bounds),
    );
    this.#timers.add(timer);
  }
}
