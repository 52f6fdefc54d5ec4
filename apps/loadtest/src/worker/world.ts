import type { Position } from '@chorus/protocol';
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
  /** Whether the server gives positions, as far as has been seen. */
  resumable: boolean;
  /** Index of the room that a message was sent to. */
  roomOf(message: number): number;
  /** Undefined if the worker has no members in the room. */
  checkerOf(room: number): RoomChecker | undefined;
  /** To be called whenever the time is known. */
  poke(now: number): void;
  /** The first connect came to its end. */
  settled(): void;
}

/** A connection's place in one of its rooms. */
export interface Place {
  readonly room: number;
  readonly roomId: number;
  readonly checker: RoomChecker;
  /** Its number there. */
  readonly member: number;
}

/** The same with what changes. */
export interface Seat extends Place {
  /** Of the last message; both 0 as long as there is none. */
  epoch: number;
  seq: number;
  joined: boolean;
  /** What it has to get past to have caught up; -1 when it has. */
  goal: number;
}

/** Positions of the last messages, by the ids of rooms; rooms without a message are left out. */
export function positionsOf(seats: readonly Seat[]): Map<number, Position> {
  const positions = new Map<number, Position>();
  for (const { roomId, epoch, seq } of seats) if (epoch > 0) positions.set(roomId, { epoch, seq });
  return positions;
}

export interface ConnectionOptions {
  readonly index: number;
  readonly identity: Identity;
  readonly target: { readonly index: number; readonly url: URL };
  readonly localAddress: string | undefined;
  readonly lazy: boolean;
  readonly slow: boolean;
}
