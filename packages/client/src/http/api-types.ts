import type { Message } from '../types.js';

// Written out, so that whoever uses them needs no other library. A test compares them with what the API answers by.

/** A user, as they see themselves. */
export interface Account {
  readonly id: number;
  readonly username: string;
  readonly email: string;
}

/** Who has signed in. */
export interface SignedIn {
  readonly id: number;
  readonly username: string;
  /** Not on pages of Chorus' own origin, whose browser keeps it in a cookie that no script can read. */
  readonly token?: string | undefined;
}

/** Whose session goes on. */
export interface Refreshed extends SignedIn {
  /** When the new token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface RoomInfo {
  readonly id: number;
  readonly name: string;
  /** The user who may change it; null for rooms that nobody in particular made. */
  readonly createdBy: number | null;
  /** ISO 8601, as is `updatedAt`. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface RoomPage {
  /** By ascending id. */
  readonly rooms: readonly RoomInfo[];
  /** What to ask for as `cursor` for more; null on the last page. */
  readonly nextCursor: number | null;
}

/** Who is in a room. */
export interface MemberPage {
  /** By ascending id, each user once. */
  readonly members: ReadonlyArray<{ readonly id: number; readonly username: string }>;
  /** What to ask for as `after` for more; null on the last page. */
  readonly next: number | null;
}

export interface MessagePage {
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** Where older pages go on; null at the beginning. */
  readonly before: string | null;
  /** Where newer pages go on; null at the end, at that moment. */
  readonly after: string | null;
}

/** Which page of a history; without `before` and `after` the newest. */
export interface MessageQuery {
  /** Messages before this position; not together with `after`. */
  before?: string | undefined;
  after?: string | undefined;
  /** How many at most: 1 to 100. Default: 50. */
  limit?: number | undefined;
}

/** What every method takes. */
export interface CallOptions {
  /** Gives the request up, which then fails with `aborted`. */
  signal?: AbortSignal | undefined;
}
