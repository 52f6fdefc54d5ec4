import type { Pending } from '../pending.js';
import type { RoomStatus } from '../types.js';
import type { RoomEvents } from './room.js';
import type { RoomHost } from './room-host.js';

/** What the parts of a room need from it. */
export interface RoomContext {
  readonly id: number;
  readonly status: RoomStatus;
  readonly host: RoomHost;
  /** Cancelled when the connection or the room ends. */
  readonly pending: Pending;
  emit<Type extends keyof RoomEvents>(type: Type, event: RoomEvents[Type]): void;
  /** Takes another status, unless the room was left. */
  become(status: RoomStatus): void;
  /** Joins again. */
  up(): void;
  /** Pending frames will not be answered. */
  down(): void;
}
