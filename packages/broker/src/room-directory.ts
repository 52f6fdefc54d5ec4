import type { ControlEvent } from './broker.js';

/** A room that may differ between PostgreSQL and the mirror. */
export interface PendingChange {
  readonly roomId: number;
  /** When the change began: milliseconds since 1970 by the directory's clock. */
  readonly since: number;
}

/**
 * The rooms that gateways know: a mirror, kept by the API, of the rooms in PostgreSQL.
 *
 * A room exists for gateways while it has a position here. A change is announced with
 * {@link begin} before PostgreSQL is written and stays *pending* until somebody has seen that
 * both agree, so that a crash between the two writes is found and repaired. A marker says that the
 * mirror is complete; it does not outlive the Redis process, which may come back with less.
 *
 * Every method rejects with {@link BrokerUnavailableError} while Redis cannot be reached.
 */
export interface RoomDirectory {
  /** Notes that these rooms are about to change. */
  begin(roomIds: readonly number[]): Promise<void>;
  /**
   * Makes the room known; does nothing when it already is.
   * @param seq where its numbering goes on: the number of the last message stored elsewhere, or 0
   * @returns whether it was unknown until now
   */
  ensure(roomId: number, seq: number): Promise<boolean>;
  /**
   * Removes the room with its recent history and tells every gateway. May be repeated: a crash
   * in between leaves the change pending, and whoever settles it calls again.
   */
  remove(roomId: number): Promise<void>;
  /** Tells every gateway. */
  announce(event: ControlEvent): Promise<void>;
  /** Rooms whose last change began at least `minAgeMs` ago and is not settled; at most `limit`. */
  pending(minAgeMs: number, limit: number): Promise<PendingChange[]>;
  /** Ends the pending state, except of rooms that began another change since `pending` answered. */
  settle(changes: readonly PendingChange[]): Promise<void>;
  /**
   * Whether all rooms were made known since Redis started or a replica took over: until then it may hold
   * older data, and a room that is missing here may exist.
   */
  isComplete(): Promise<boolean>;
  /** Says that it is so. Only after every room of PostgreSQL was {@link ensure}d. */
  markComplete(): Promise<void>;
  /**
   * Runs `action` unless somebody in the cluster is already at it.
   * @param ttlMs if this process dies meanwhile, another may begin after so long
   * @returns whether it ran
   */
  exclusively(name: string, ttlMs: number, action: () => Promise<void>): Promise<boolean>;
  close(): Promise<void>;
}
