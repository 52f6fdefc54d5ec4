import type { RoomKind } from '@chorus/protocol';
import type { ArchiveMessage } from './archive-queue.js';
import type { ControlEvent, Position } from './broker.js';

/** A room that may differ between PostgreSQL and the mirror. */
export interface PendingChange {
  readonly roomId: number;
  /** When the change began: milliseconds since 1970 by the directory's clock. */
  readonly since: number;
}

/** How many members a room has: none, at most {@link SMALL_ROOM_MEMBERS}, or more. */
export type RoomSize = 'empty' | 'small' | 'large';

/** In rooms with at most this number of members, each sees how far the others have read. */
export const SMALL_ROOM_MEMBERS = 100;

/** @param members number of members, counted at least up to {@link SMALL_ROOM_MEMBERS} + 1 */
export function roomSize(members: number): RoomSize {
  if (members === 0) return 'empty';
  return members <= SMALL_ROOM_MEMBERS ? 'small' : 'large';
}

/** A room of PostgreSQL. */
export interface MirroredRoom {
  readonly id: number;
  /** Distinguishes rooms that have had this id one after the other: later ones have larger numbers. */
  readonly generation: number;
  /** Never changes. Default: `public`. */
  readonly kind?: RoomKind | undefined;
  /** Default: `empty`. */
  readonly size?: RoomSize | undefined;
  /** Position of its last entry in PostgreSQL; 0-0 for none. */
  readonly last: Position;
  /** Number of entries up to {@link last} that are not messages: `seq` minus the ordinal of the last message. Default 0. */
  readonly changes?: number | undefined;
  /** When the last message was sent, in milliseconds since 1970; 0 for none. */
  readonly lastSentAt: number;
}

/** A room of which PostgreSQL may have messages that the recent history lacks. */
export interface RoomBehind {
  /** End of the recent history; undefined if the room is unknown. */
  readonly end: Position | undefined;
  /** The last message in the recent history that is not known to be in PostgreSQL. */
  readonly unstored: Position | undefined;
  /** The lowest position that gateways waiting for the room have reached. */
  readonly needed: Position | undefined;
}

/** Result of bringing a room in. `older` and `newer`: Redis has another room of this id. */
export type BroughtIn = 'made' | 'whole' | 'older' | 'newer' | RoomBehind;

/** A message of PostgreSQL, as it was in the recent history. */
export interface RestoredMessage extends ArchiveMessage {
  /** Key that it was published with; empty for none, or for one that has expired. */
  readonly idempotencyKey: string;
}

export interface Restoration {
  readonly room: MirroredRoom;
  /** End of the recent history as the caller knows it; undefined if the room is unknown. */
  readonly end: Position | undefined;
  /** Messages after `end`, oldest first. */
  readonly messages: readonly RestoredMessage[];
  /**
   * `stored`: everything up to the last of the messages is in PostgreSQL; counts as `unknown` if entries of the recent history
   * that can erase texts wait to be archived: an archiver must claim them once more. `cut`: they also do not follow the recent
   * history, which is dropped. `unknown`: the recent history has messages that may not be in PostgreSQL.
   */
  readonly before: 'stored' | 'cut' | 'unknown';
  /** Whether no message is left to append. */
  readonly complete: boolean;
}

/**
 * The rooms that gateways know: a mirror, kept by the API, of the rooms in PostgreSQL.
 *
 * A room exists for gateways while it has a position here. A change is announced with {@link begin} before PostgreSQL
 * is written and stays *pending* until an API has verified that both agree, so that a crash between the two writes is
 * detected and repaired. A marker records that the mirror is complete; it does not outlive the Redis process, which may
 * return with less data. Until a room was brought in again it can be neither joined nor published to.
 *
 * Every method rejects with {@link UnavailableError} while Redis cannot be reached.
 */
export interface RoomDirectory {
  /** Records that these rooms are about to change. */
  begin(roomIds: readonly number[]): Promise<void>;
  /**
   * Creates a room; does nothing if there is one of that id.
   * @param seq where its numbering continues: the number of the last message stored elsewhere, or 0
   * @param kind default `public`
   * @param size default `empty`
   * @returns whether it was unknown until now, or is of that generation
   */
  ensure(
    roomId: number,
    seq: number,
    generation?: number,
    kind?: RoomKind,
    size?: RoomSize,
  ): Promise<boolean>;
  /**
   * Records how many members a room has; does nothing for an unknown room. Of a public room without members, gateways
   * get no news beside changes of its members: see `Broker.watchActivity`.
   */
  setSize(roomId: number, size: RoomSize): Promise<void>;
  /** Records for how many days a room keeps messages; null for no limit of its own. Archivers and gateways notice at once. */
  setRetention(roomId: number, days: number | null): Promise<void>;
  /** Records the retentions of all rooms that have one. Every other room has none. */
  restoreRetentions(rooms: ReadonlyMap<number, number>): Promise<void>;
  /**
   * Compares rooms with PostgreSQL. Creates missing rooms that have no messages, and marks rooms as whole that have
   * every message of PostgreSQL.
   *
   * @param now the time of PostgreSQL, in milliseconds since 1970: every new epoch is above it
   * @returns the result for each room, in order
   */
  bringIn(rooms: readonly MirroredRoom[], now: number): Promise<BroughtIn[]>;
  /**
   * Appends messages to a room that is behind, at their own positions; after the last one the room is whole. Later
   * positions that gateways have seen are lost, and the gateways are notified.
   *
   * @returns false if the recent history does not end at `end` any more: nothing was done
   */
  restore(restoration: Restoration, now: number): Promise<boolean>;
  /** Returns some of the rooms that gateways wait for, because they are unknown or not whole. */
  wanted(): Promise<number[]>;
  /**
   * Calls the listener when a connection to Redis was made: its data may differ from before.
   * @returns a function that removes the listener
   */
  onConnected(listener: () => void): () => void;
  /**
   * Removes the room with its recent history and notifies every gateway. May be repeated: a crash in between leaves the
   * change pending, and the API that settles it calls again.
   *
   * @param which removes only a room of an earlier generation than this; or only one that was not brought in since
   *   Redis started. Any other room stays, without a notification.
   */
  remove(roomId: number, which?: number | 'stale'): Promise<void>;
  /**
   * Reports to brokers that watch the activity that users are members of a new room. Only for members of whom no entry of the room says
   * it.
   */
  announceMembers(roomId: number, userIds: readonly number[]): Promise<void>;
  /** Sends an event to every gateway. */
  announce(event: ControlEvent): Promise<void>;
  /** Rooms whose last change began at least `minAgeMs` ago and is not settled; at most `limit`. */
  pending(minAgeMs: number, limit: number): Promise<PendingChange[]>;
  /** Ends the pending state, except of rooms that have begun another change since `pending` answered. */
  settle(changes: readonly PendingChange[]): Promise<void>;
  /**
   * Whether all rooms are known and whole since Redis started or a replica was promoted: until then Redis may hold
   * older data, and a room that it lacks may exist.
   */
  isComplete(): Promise<boolean>;
  /** Marks the mirror as complete. Only after every room of PostgreSQL was brought in. */
  markComplete(): Promise<void>;
  /**
   * Runs `action` unless another process in the cluster is running it.
   * @param ttlMs if this process dies meanwhile, time after which another one may begin
   * @returns whether it ran
   */
  exclusively(name: string, ttlMs: number, action: () => Promise<void>): Promise<boolean>;
  close(): Promise<void>;
}
