import type { RoomChecker } from '../check/room-checker.js';
import type { Dialect, Identity } from '../dialect.js';
import type { Meters } from './meters.js';
import type { LazyWheel } from './socket/lazy-wheel.js';

/** What all connections of a worker share. */
export interface World {
  readonly dialect: Dialect;
  readonly meters: Meters;
  readonly payload: number;
  readonly lazyWheel: LazyWheel;
  /** Whether the server has given positions so far. */
  resumable: boolean;
  /** Index of the room of a message. */
  roomOf(message: number): number;
  /** Undefined if the worker has no members in the room. */
  checkerOf(room: number): RoomChecker | undefined;
  /** Called whenever the time is known. */
  poke(now: number): void;
  /** The first connect succeeded or failed. */
  settled(): void;
}

/** A connection's place in one of its rooms. */
export interface Place {
  readonly room: number;
  readonly roomId: number;
  readonly checker: RoomChecker;
  /** Number of the member in the room. */
  readonly member: number;
}

export interface ConnectionOptions {
  readonly index: number;
  readonly identity: Identity;
  readonly target: { readonly index: number; readonly url: URL };
  /** Targets to reconnect to when the server has ended the socket; empty for the same one. */
  readonly elsewhere: readonly URL[];
  /** Time over which the first attempt to reconnect is spread, in milliseconds; undefined for the usual pause. */
  readonly reconnectOverMs: number | undefined;
  readonly localAddress: string | undefined;
  readonly lazy: boolean;
  readonly slow: boolean;
}
