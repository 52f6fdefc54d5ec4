import type { ArchiveMessage } from './archive-queue.js';
import type { ControlEvent, Position } from './broker.js';

/** A room that may differ between PostgreSQL and the mirror. */
export interface PendingChange {
  readonly roomId: number;
  /** When the change began: milliseconds since 1970 by the directory's clock. */
  readonly since: number;
}

/** A room of PostgreSQL. */
export interface MirroredRoom {
  readonly id: number;
  /** Tells rooms apart that had the same id one after the other: later ones have larger numbers. */
  readonly generation: number;
  /** Where its last message in PostgreSQL is; 0-0 for none. */
  readonly last: Position;
  /** When that was sent, in milliseconds since 1970; 0 for none. */
  readonly lastSentAt: number;
}

/** A room of which PostgreSQL may have messages that the recent history lacks. */
export interface RoomBehind {
  /** Where the recent history ends; undefined when the room is not known. */
  readonly end: Position | undefined;
  /** The last message in the recent history that is not known to be in PostgreSQL. */
  readonly unstored: Position | undefined;
  /** The lowest position that gateways had reached, of those that wait for the room. */
  readonly needed: Position | undefined;
}

/** What became of a room that was brought in. `older` and `newer`: another room that has, or had, its id is known. */
export type BroughtIn = 'made' | 'whole' | 'older' | 'newer' | RoomBehind;

/** A message of PostgreSQL, as it was in the recent history. */
export interface RestoredMessage extends ArchiveMessage {
  /** What it was published with; empty for none, or for one that nobody can ask for any more. */
  readonly idempotencyKey: string;
}

export interface Restoration {
  readonly room: MirroredRoom;
  /** Where the recent history ends, as far as the caller knows; undefined when the room is not known. */
  readonly end: Position | undefined;
  /** After `end`, oldest first. */
  readonly messages: readonly RestoredMessage[];
  /**
   * `stored`: everything up to the last of the messages is in PostgreSQL. `cut`: besides, they do not follow what the
   * recent history holds, which is given up. `unknown`: the recent history has messages that may not be in PostgreSQL.
   */
  readonly before: 'stored' | 'cut' | 'unknown';
  /** Whether nothing is left to append. */
  readonly complete: boolean;
}

/**
 * The rooms that gateways know: a mirror, kept by the API, of the rooms in PostgreSQL.
 *
 * A room exists for gateways while it has a position here. A change is announced with
 * {@link begin} before PostgreSQL is written and stays *pending* until somebody has seen that
 * both agree, so that a crash between the two writes is found and repaired. A marker says that the
 * mirror is complete; it does not outlive the Redis process, which may come back with less. Until a room was brought in
 * again it can be neither entered nor published to.
 *
 * Every method rejects with {@link UnavailableError} while Redis cannot be reached.
 */
export interface RoomDirectory {
  /** Notes that these rooms are about to change. */
  begin(roomIds: readonly number[]): Promise<void>;
  /**
   * Makes a new room known; does nothing when there is one of that id.
   * @param seq where its numbering goes on: the number of the last message stored elsewhere, or 0
   * @returns whether it was unknown until now, or is of that generation
   */
  ensure(roomId: number, seq: number, generation?: number): Promise<boolean>;
  /**
   * Compares rooms with PostgreSQL. Those that are missing and have no messages are made known; those that have all that
   * PostgreSQL has are whole.
   * @param now the time of PostgreSQL, in milliseconds since 1970: no epoch that is given is before it
   * @returns what became of each, in order
   */
  bringIn(rooms: readonly MirroredRoom[], now: number): Promise<BroughtIn[]>;
  /**
   * Appends messages to a room that is behind, under their own positions; after the last the room is whole. What gateways
   * have seen beyond that is lost, and they are told.
   * @returns false when the recent history does not end at `end` any more: nothing was done
   */
  restore(restoration: Restoration, now: number): Promise<boolean>;
  /** Some of the rooms that gateways wait for, because they are not known or not whole. */
  wanted(): Promise<number[]>;
  /**
   * Calls the listener when a connection to Redis was made: its data may be other than before.
   * @returns a function that ends it
   */
  onConnected(listener: () => void): () => void;
  /**
   * Removes the room with its recent history and tells every gateway. May be repeated: a crash
   * in between leaves the change pending, and whoever settles it calls again.
   * @param which only a room of an earlier generation than this; or only one that was not brought in since Redis started.
   *   Any other is left alone, and nobody told.
   */
  remove(roomId: number, which?: number | 'stale'): Promise<void>;
  /** Tells every gateway. */
  announce(event: ControlEvent): Promise<void>;
  /** Rooms whose last change began at least `minAgeMs` ago and is not settled; at most `limit`. */
  pending(minAgeMs: number, limit: number): Promise<PendingChange[]>;
  /** Ends the pending state, except of rooms that began another change since `pending` answered. */
  settle(changes: readonly PendingChange[]): Promise<void>;
  /**
   * Whether all rooms were made known, and whole, since Redis started or a replica took over: until then it may hold
   * older data, and a room that is missing here may exist.
   */
  isComplete(): Promise<boolean>;
  /** Says that it is so. Only after every room of PostgreSQL was brought in. */
  markComplete(): Promise<void>;
  /**
   * Runs `action` unless somebody in the cluster is already at it.
   * @param ttlMs if this process dies meanwhile, another may begin after so long
   * @returns whether it ran
   */
  exclusively(name: string, ttlMs: number, action: () => Promise<void>): Promise<boolean>;
  close(): Promise<void>;
}
