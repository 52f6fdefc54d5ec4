import type { Position } from '@chorus/protocol/constants';
import type { ClientFrame, V1ServerFrame } from '@chorus/protocol/types';
import { ChorusError } from './chorus-error.js';
import { Pacer } from './connection/pacer.js';
import { Reconnector } from './connection/reconnector.js';
import { Session } from './connection/session.js';
import { Emitter } from './emitter.js';
import { ChorusApi, trimmed } from './http/chorus-api.js';
import type { ClientOptions } from './options.js';
import { LiveRoom } from './room/live-room.js';
import type { Room } from './room/room.js';
import type { RoomHost } from './room/room-host.js';
import type { ConnectionState, Member } from './types.js';

/** What a client tells, with what it tells of it. */
export interface ClientEvents {
  state: ConnectionState;
  /** The operator says something to everybody. */
  broadcast: string;
  /** Something went wrong in the background that belongs to no call and no room; the client goes on. */
  error: ChorusError;
}

/**
 * A connection to Chorus that comes back by itself, and the rooms that it is in.
 *
 * The application sees every message of a room exactly once and in order, through any number of reconnects. What was missed
 * comes from the gateway or, after a long absence, from the history of the API; if that is impossible the room tells a
 * `gap`. What the application sends is sent again until it is acknowledged or refused for good, and never becomes two.
 *
 * @example
 * const client = new ChorusClient({ url: 'https://chat.example.org', token });
 * client.connect();
 * const room = client.join(1);
 * room.on('message', ({ username, content }) => console.log(username, content));
 * await room.send('hello');
 */
export class ChorusClient {
  readonly #events = new Emitter<ClientEvents>();
  readonly #rooms = new Map<number, LiveRoom>();
  readonly #pacer = new Pacer();
  readonly #session: Session;
  readonly #socket: Reconnector;
  readonly #host: RoomHost;
  readonly #onNetwork = ({ type }: Event): void => this.#socket.nudge(type === 'online');

  constructor(options: ClientOptions = {}) {
    const base = (): string =>
      trimmed((typeof options.url === 'function' ? options.url() : options.url) || location.origin);
    const api = new ChorusApi({ url: () => base().replace(/^ws/, 'http'), token: () => session.token() });
    const all = {
      backoff: { baseMs: 500, capMs: 15_000 },
      random: Math.random,
      askAfterMs: 20_000,
      answerWithinMs: 5_000,
      catchUpWithinMs: 60_000,
      api,
      ...options,
    };
    const session = new Session({
      ...all,
      onRenewed: (renewed) => {
        if (renewed === undefined) this.#socket.renew();
        else this.#send(() => ({ type: 'refresh', token: renewed }));
      },
      onError: (error) => this.#events.emit('error', error),
    });
    this.#session = session;
    this.#socket = new Reconnector({
      ...all,
      session,
      url: () => `${base()}/ws/connect`,
      onFrame: (frame) => this.#received(frame),
      onDown: () => {
        this.#pacer.stop();
        session.stop();
        for (const room of this.#rooms.values()) room.down();
      },
      onState: (state) => {
        if (state.status === 'closed') this.#ended(state.error);
        this.#events.emit('state', state);
      },
    });
    // Not by random(): names must differ between clients, and those of tests need not be random.
    const name = crypto.getRandomValues(new Uint32Array(3)).join('');
    let messages = 0;
    this.#host = {
      ...all,
      user: undefined,
      maxFrameBytes: 0,
      nextMessageId: () => `${name}-${++messages}`,
      send: (frame, canWait) => this.#send(frame, canWait),
    };
  }

  get state(): ConnectionState {
    return this.#socket.state;
  }

  /** Whom the token belongs to, from the first connection on. */
  get user(): Member | undefined {
    return this.#host.user;
  }

  /** Those that were joined and not left, by their ids. */
  get rooms(): ReadonlyMap<number, Room> {
    return this.#rooms;
  }

  /**
   * Calls `listener` at each such event. What a listener throws is reported as the platform reports what nobody
   * catches; other listeners, and the client, go on.
   * @returns a function that ends it
   */
  on<Type extends keyof ClientEvents>(type: Type, listener: (event: ClientEvents[Type]) => void): () => void {
    return this.#events.on(type, listener);
  }

  /**
   * Connects, and goes on doing so until {@link disconnect} or {@link close}, or until it is not let in any more. While it
   * waits for the next attempt: makes that at once.
   * @throws {ChorusError} `closed`
   */
  connect(): void {
    this.#refuseIfClosed();
    hearOfNetwork(this.#onNetwork, true);
    this.#socket.start();
  }

  /** Says good-bye and stays away until {@link connect}. Rooms, and what waits to be sent, are kept and resumed then. */
  disconnect(): void {
    hearOfNetwork(this.#onNetwork, false);
    this.#socket.stop({ status: 'idle' });
  }

  /**
   * Says good-bye for good. All rooms are left, and what was not acknowledged fails with `closed`. Resolves when the connection
   * has ended, after a second at the latest.
   */
  async close(): Promise<void> {
    this.#socket.stop({ status: 'closed' });
    await this.#socket.gone;
  }

  /**
   * Enters a room, now and after each interruption. Returns at once, and the same room for as long as it is not left.
   * @param options
   * @param options.since the last message that the application has seen: everything after it is delivered. Without it, what is
   * said from now on
   * @throws {ChorusError} `closed`
   */
  join(roomId: number, { since }: { since?: Position | undefined } = {}): Room {
    this.#refuseIfClosed();
    const known = this.#rooms.get(roomId);
    if (known !== undefined) return known;
    const room = new LiveRoom(roomId, since, this.#host);
    this.#rooms.set(roomId, room);
    room.on('status', (status) => {
      if (status === 'left' && this.#rooms.get(roomId) === room) this.#rooms.delete(roomId);
    });
    if (this.#socket.state.status === 'connected') room.up();
    return room;
  }

  #received(frame: V1ServerFrame): void {
    switch (frame.type) {
      case 'welcome': {
        const { connectionId, user, expiresAt, now, limits } = frame;
        this.#host.user = user;
        this.#host.maxFrameBytes = limits.maxFrameBytes;
        this.#pacer.start(limits.maxMessagesPerSecond);
        this.#session.accepted(expiresAt, now);
        this.#socket.welcomed({
          status: 'connected',
          connectionId,
          user,
          maxFrameBytes: limits.maxFrameBytes,
        });
        for (const room of this.#rooms.values()) room.up();
        break;
      }
      case 'reconnect':
        this.#socket.sentAway(frame.afterMs);
        break;
      case 'refreshed':
        this.#session.accepted(frame.expiresAt, frame.now);
        break;
      case 'broadcast':
        this.#events.emit('broadcast', frame.content);
        break;
      case 'pong':
        break;
      case 'error':
        if (frame.roomId === undefined) {
          this.#events.emit('error', new ChorusError(frame.code, frame.error, frame.retry));
          break;
        }
        this.#rooms.get(frame.roomId)?.received(frame);
        break;
      default:
        // What newer gateways may say beyond is about no room that is known, or passed over there.
        this.#rooms.get(frame.roomId)?.received(frame);
    }
  }

  #send(make: () => ClientFrame | undefined, canWait = false): void {
    if (this.#socket.state.status !== 'connected') return;
    this.#pacer.run(() => {
      const frame = make();
      if (frame !== undefined) this.#socket.send(frame);
    }, canWait);
  }

  #refuseIfClosed(): void {
    if (this.#socket.state.status === 'closed') throw new ChorusError('closed', 'the client was closed');
  }

  #ended(error: ChorusError | undefined): void {
    hearOfNetwork(this.#onNetwork, false);
    this.#session.stop();
    for (const room of this.#rooms.values()) room.end('closed', error);
  }
}

/** Begins or ends to tell a listener when the platform says that the network is there, or is not: in browsers; never in Node. */
function hearOfNetwork(listener: (event: Event) => void, wanted: boolean): void {
  // The same listener is never there twice.
  const change = wanted ? globalThis.addEventListener : globalThis.removeEventListener;
  for (const type of ['online', 'offline']) change?.(type, listener);
}
