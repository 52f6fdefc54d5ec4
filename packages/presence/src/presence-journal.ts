/** Position before the first change of a journal. */
export const JOURNAL_START = '0-0';

/** A user joined or left a room, as the store decided it. */
export interface PresenceChange {
  /** Ascending within a journal. */
  readonly position: string;
  readonly roomId: number;
  readonly userId: number;
  /** Whether the user joined; otherwise the user left. */
  readonly joined: boolean;
  /** When it was decided, in milliseconds since 1970, by the store's clock. */
  readonly at: number;
}

/** What a journal holds after a position. */
export interface JournalPage {
  readonly partition: number;
  /** Whether changes are recorded. False before {@link PresenceJournal.begin}, when the store lost it, and once it was full. */
  readonly recording: boolean;
  /**
   * Identity of the store's data. It changes when the store may have lost changes, its entries or both; undefined while it is not known.
   */
  readonly incarnation: string | undefined;
  /** Whether every live node has written its entries to this data, as far as the store knows. */
  readonly settled: boolean;
  /** Remaining time of the longest lease, in milliseconds; undefined if no node has one. */
  readonly leaseMs: number | undefined;
  /** In the order in which they were decided. */
  readonly changes: readonly PresenceChange[];
}

/** Journals as they were read together. */
export interface JournalPages {
  readonly pages: readonly JournalPage[];
  /** Whether more changes are likely to wait. */
  readonly more: boolean;
}

/** The members of rooms at one moment. */
export interface JournalSnapshot {
  /** When it was taken, in milliseconds since 1970, by the store's clock. */
  readonly at: number;
  /** Changes after the requested position. */
  readonly changes: readonly PresenceChange[];
  /** User ids by room, as all changes up to the last one leave them. Empty if there are more changes. */
  readonly members: ReadonlyMap<number, readonly number[]>;
}

/**
 * Changes of who is present, for one reader that stores them. Rooms belong to *partitions*, each with a journal of its own.
 *
 * Guarantees:
 * - While a journal records, each decision of the `PresenceStore` is appended in one step with the change, in the order of the
 *   decisions, in rooms of every size. Members who are written again after a loss of data are no change.
 * - A journal has no gap. One that is full, or was lost, stops to record until {@link begin}.
 * - While no journal has begun, changes cost the store one look.
 *
 * Every method rejects with `UnavailableError` while the store is unreachable; repeating a call is safe.
 */
export interface PresenceJournal {
  readonly partitions: readonly number[];
  /** Returns the journals after the given positions, by partition, with about `limit` changes at most. */
  read(positions: ReadonlyMap<number, string>, limit: number): Promise<JournalPages>;
  /**
   * Begins a new journal, whose first change comes after {@link JOURNAL_START}.
   * @param position end of what was read
   * @returns false if the journal has changes after the position: nothing was done
   */
  begin(partition: number, position: string): Promise<boolean>;
  /** Removes the changes up to a position. */
  settle(partition: number, position: string): Promise<void>;
  /** Ends the journal: changes are not recorded any more, and those that it holds are removed. */
  end(partition: number): Promise<void>;
  /** Returns the rooms with members, and about how many. Nodes whose lease has ended count until they are reaped. */
  rooms(partition: number): Promise<Map<number, number>>;
  /**
   * Returns the members of rooms, with the changes after a position that led to them, in one step. As in `PresenceStore`, members through
   * nodes whose lease has ended count until they are reaped.
   * @returns undefined if the journal does not record, or the store's data is of another incarnation
   */
  snapshot(
    partition: number,
    roomIds: readonly number[],
    since: { readonly position: string; readonly incarnation: string; readonly limit: number },
  ): Promise<JournalSnapshot | undefined>;
}
