import type { Position } from '@chorus/protocol/constants';
import type { V1ServerFrame } from '@chorus/protocol/types';
import { ChorusError } from './chorus-error.js';
import type { ClientInternals } from './client-internals.js';
import { Reconnector } from './connection/reconnector.js';
import { Emitter } from './emitter.js';
import type { RequestOptions } from './http/api-types.js';
import { baseOf, historySource } from './http/request.js';
import type { ClientOptions, HistorySource } from './options.js';
import { PACE } from './pending.js';
import { LiveRoom } from './room/live-room.js';
import type { Room } from './room/room.js';
import type { ConnectionState, Member, RoomsChange } from './types.js';

/** Events of a client, each with its payload. */
export interface ClientEvents {
  state: ConnectionState;
  /** A message of the operator to all clients. */
  broadcast: string;
  /**
   * Changes of the list of rooms; see {@link RoomsChange}. The first event, and the first after each reconnect, is not complete: read
   * the list.
   */
  rooms: RoomsChange;
  /** A background failure that belongs to no call and no room. The client continues. */
  error: ChorusError;
}

/**
 * A connection to Chorus that reconnects by itself, and the rooms joined over it.
 *
 * The application receives every message of a room exactly once and in order, through any number of reconnects.
 * Missed messages come from the gateway or, after a long absence, from the history API. If neither has them, the room
 * emits a `gap`. Messages that the application sends are retried until they are acknowledged or refused for good, and
 * are never duplicated.
 *
 * @example
 * const client = new ChorusClient({ url: 'https://chat.example.org', token });
 * client.connect();
 * const room = client.join(1);
 * room.on('message', ({ username, content }) => console.log(username, content));
 * await room.send('hello');
 */
export class ChorusClient {
  /** @internal */
  readonly internals: ClientInternals;
  readonly #events = new Emitter<ClientEvents>();
  readonly #rooms = new Map<number, LiveRoom>();
  #watchesRooms = false;
  readonly #socket: Reconnector;
  readonly #onNetwork = ({ type }: Event): void => this.#socket.nudge(type === 'online');

  constructor(options: ClientOptions = {}) {
    const base = (): string => baseOf(options) || location.origin;
    const api: HistorySource = historySource({
      url: () => base().replace(/^ws/, 'http'),
      token: () => socket.session.token(),
    });
    // Not random(): ids must differ between clients, while the random() of a test may be deterministic.
    const name = crypto.getRandomValues(new Uint32Array(3)).join('');
    let messages = 0;
    this.internals = {
      ...PACE,
      askAfterMs: 20_000,
      answerWithinMs: 5_000,
      catchUpWithinMs: 60_000,
      api,
      ...options,
      socketUrl: () => `${base().replace(/^http/, 'ws')}/ws/connect`,
      onFrame: (frame) => this.#received(frame),
      onDown: () => {
        for (const room of this.#rooms.values()) room.down();
      },
      onState: (state) => this.#became(state),
      onError: (error) => this.#events.emit('error', error),
      user: undefined,
      maxFrameBytes: 0,
      taps: new Set(),
      nextMessageId: () => `${name}-${++messages}`,
      send: (frame, canWait) => socket.send(frame, canWait),
    };
    const socket = new Reconnector(this.internals);
    this.#socket = socket;
  }

  get state(): ConnectionState {
    return this.#socket.state;
  }

  /** The user that the token belongs to; undefined before the first connection. */
  get user(): Member | undefined {
    return this.internals.user;
  }

  /** Rooms that were joined and not left, by id. */
  get rooms(): ReadonlyMap<number, Room> {
    return this.#rooms;
  }

  /**
   * Calls `listener` for every event of that type. An exception of a listener is reported like any uncaught error of
   * the platform; other listeners and the client continue.
   * @returns a function that removes the listener
   */
  on<Type extends keyof ClientEvents>(type: Type, listener: (event: ClientEvents[Type]) => void): () => void {
    if (type === 'rooms' && !this.#watchesRooms) {
      this.#watchesRooms = true;
      this.#watchRooms();
    }
    return this.#events.on(type, listener);
  }

  /**
   * Connects and keeps reconnecting until {@link disconnect} or {@link close}, or until the gateway refuses this user
   * for good. Does nothing while connected; ends a wait between attempts at once.
   * @throws {ChorusError} `closed`
   */
  connect(): void {
    this.#refuseIfClosed();
    watchNetwork(this.#onNetwork, true);
    this.#socket.start();
  }

  /** Closes the connection until {@link connect} is called. Rooms and unsent messages are kept and resumed then. */
  disconnect(): void {
    watchNetwork(this.#onNetwork, false);
    this.#socket.stop({ status: 'idle' });
  }

  /**
   * Closes the client for good. Leaves all rooms; unacknowledged messages fail with `closed`. Resolves when the
   * connection has ended, after one second at most.
   */
  async close(): Promise<void> {
    this.#socket.stop({ status: 'closed' });
    await this.#socket.gone;
  }

  /**
   * Joins a room, now and after each reconnect. Returns at once. Returns the same {@link Room} until that room is
   * left.
   * @param options
   * @param options.since position of the last message that the application has seen: all later messages are
   * delivered. Without it, only messages sent after the join
   * @throws {ChorusError} `closed`
   */
  join(roomId: number, { since }: { since?: Position | undefined } = {}): Room {
    this.#refuseIfClosed();
    const known = this.#rooms.get(roomId);
    if (known) return known;
    const room = new LiveRoom(roomId, since, this.internals);
    this.#rooms.set(roomId, room);
    room.on('status', (status) => {
      if (status === 'left' && this.#rooms.get(roomId) === room) this.#rooms.delete(roomId);
    });
    if (this.#socket.isUp) room.up();
    return room;
  }

  /**
   * Sends a request to the API with the token of this client: functions such as {@link listMembers} take a client, too.
   * @typeParam T type of the answer
   * @param path from `/api/` on
   * @throws {ChorusError} (rejects) `unsupported` if {@link ClientOptions.api} has no such method
   */
  async request<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    const { api } = this.internals;
    if (!api.request) throw new ChorusError('unsupported');
    return api.request(method, path, options);
  }

  #received(frame: V1ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        for (const room of this.#rooms.values()) room.up();
        this.#watchRooms();
        break;
      case 'broadcast':
        this.#events.emit('broadcast', frame.content);
        break;
      case 'rooms-changed':
        this.#events.emit('rooms', frame);
        break;
      default:
        if ('roomId' in frame && frame.roomId !== undefined) this.#rooms.get(frame.roomId)?.received(frame);
        // A gateway that is older than this client does not know all its frames.
        else if (frame.type === 'error' && frame.code !== 'bad_frame')
          this.#events.emit('error', new ChorusError(frame.code, frame.error, frame.retry));
    }
    for (const tap of this.internals.taps) tap(frame);
  }

  #watchRooms(): void {
    if (this.#watchesRooms) this.#socket.send(() => ({ type: 'watch-rooms' }), true);
  }

  #became(state: ConnectionState): void {
    if (state.status === 'connected') {
      this.internals.user = state.user;
      this.internals.maxFrameBytes = state.maxFrameBytes;
    } else if (state.status === 'closed') {
      watchNetwork(this.#onNetwork, false);
      for (const room of this.#rooms.values()) room.end('closed', state.error);
    }
    this.#events.emit('state', state);
  }

  #refuseIfClosed(): void {
    if (this.#socket.state.status === 'closed') throw new ChorusError('closed');
  }
}

/**
 * Adds or removes a listener for the platform's `online` and `offline` events. Browsers have them, Node does not.
 */
function watchNetwork(listener: (event: Event) => void, wanted: boolean): void {
  // Adding a listener twice has no effect.
  const change = wanted ? globalThis.addEventListener : globalThis.removeEventListener;
  for (const type of ['online', 'offline']) change?.(type, listener);
}
