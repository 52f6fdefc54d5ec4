import type { Position } from '@chorus/protocol/constants';
import type { ChorusError } from './chorus-error.js';
import type { ClientOptions } from './options.js';
import type { Room } from './room.js';
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
 * The application sees every message of a room exactly once and in order, through any number of reconnects.
 */
export class ChorusClient {
  readonly options: ClientOptions;

  constructor(options: ClientOptions = {}) {
    this.options = options;
  }

  /** Connects, and goes on doing so. @throws {ChorusError} `closed` */
  connect(): void {
    throw new Error('not there yet');
  }

  /** Says good-bye and stays away until {@link connect}; rooms, and what waits to be sent, are kept. */
  disconnect(): void {
    throw new Error('not there yet');
  }

  /** Says good-bye for good. What was not acknowledged fails with `closed`. Resolves when the connection has ended. */
  close(): Promise<void> {
    throw new Error('not there yet');
  }

  get state(): ConnectionState {
    return { status: 'idle' };
  }

  /** Whom the token belongs to, once there was a connection. */
  get user(): Member | undefined {
    return undefined;
  }

  /**
   * Enters a room, now and after each interruption, for ever. Returns at once, and the same room for as long as it is not left.
   * @param options.since the last message that the application has seen: everything after it is delivered
   */
  join(_roomId: number, _options: { since?: Position | undefined } = {}): Room {
    throw new Error('not there yet');
  }

  /** Those that were joined and not left. */
  get rooms(): ReadonlyMap<number, Room> {
    return new Map();
  }

  /** As {@link Room.on}. */
  on<Type extends keyof ClientEvents>(
    _type: Type,
    _listener: (event: ClientEvents[Type]) => void,
  ): () => void {
    throw new Error('not there yet');
  }
}
