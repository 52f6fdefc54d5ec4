import type { RoomKind, RoomRole } from '@chorus/protocol/constants';
import type { ListedRoom, Message } from '../types.js';

// Declared here, so that applications need no other library. A test compares them with the schemas of the API.

/** The user's own account. */
export interface Account {
  readonly id: number;
  readonly username: string;
  readonly email: string;
}

/** The user who signed in. */
export interface SignedIn {
  readonly id: number;
  readonly username: string;
  /** Absent on pages with the origin of Chorus: there the browser keeps it in a cookie that scripts cannot read. */
  readonly token?: string | undefined;
}

/** The user whose session was extended. */
export interface Refreshed extends SignedIn {
  /** When the new token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface RoomInfo extends ListedRoom {
  readonly kind: RoomKind;
  readonly topic: string;
  /** Seconds between two messages of one user; 0 for no slow mode. */
  readonly slowModeSeconds: number;
  /** Role of the user who asks; null for a user who is not a member. */
  readonly role: RoomRole | null;
  /** ISO 8601, like `updatedAt`. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface RoomPage {
  /** In ascending order of id. */
  readonly rooms: readonly RoomInfo[];
  /** Value of `cursor` for the next page; null on the last page. */
  readonly nextCursor: number | null;
}

/** One page of the members who are present in a room. */
export interface MemberPage {
  /** In ascending order of id, each user once. */
  readonly members: ReadonlyArray<{ readonly id: number; readonly username: string }>;
  /** Value of `after` for the next page; null on the last page. */
  readonly next: number | null;
}

export interface MessagePage {
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** Value of `before` for the next older page; null at the beginning of the room. */
  readonly before: string | null;
  /** Value of `after` for the next newer page; null when there was none at that moment. */
  readonly after: string | null;
  /** Only of a page of changed messages: value of `changedSince` for the next page; null if there is none yet. */
  readonly changedSince?: string | null | undefined;
}

/** Selects a page of the history; without a position, the newest page. */
export interface MessageQuery {
  /** Only messages before this position. Excludes `after`. */
  before?: string | undefined;
  after?: string | undefined;
  /** Only messages that a change after this position has changed, in the order of these changes. Excludes the other two. */
  changedSince?: string | undefined;
  /** Largest number of messages: 1 to 100. Default: 50. */
  limit?: number | undefined;
}

/** Options of every method. */
export interface CallOptions {
  /** Cancels the request, which then fails with `aborted`. */
  signal?: AbortSignal | undefined;
}

/** A request to a route of the API. */
export interface RequestOptions extends CallOptions {
  query?: Readonly<Record<string, string | number | undefined>> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as `Idempotency-Key`. */
  idempotencyKey?: string | undefined;
}
