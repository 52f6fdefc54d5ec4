import type { Membership } from './membership-list.js';

/** A user who has, or requests, a connection. */
export interface Subject {
  readonly userId: number;
  /** Id of the token that the connection was made with; undefined with `AUTH=open`. */
  readonly tokenId?: string | undefined;
  /** Generation in that token: see {@link sessionsKey}. */
  readonly generation?: number | undefined;
  /** The room to join, if any. */
  readonly roomId?: number | undefined;
}

/**
 * Whether a subject is admitted (`ok`), or why not. If several reasons apply, the first of `revoked`, `banned`,
 * `banned-from-room`.
 */
export type AccessVerdict = 'ok' | 'revoked' | 'banned' | 'banned-from-room';

/** A user who is, or wants to be, in a room. */
export type RoomSubject = Subject & { readonly roomId: number };

/** What the list and the memberships hold about a user and a room. */
export interface RoomVerdict {
  readonly verdict: AccessVerdict;
  /** Undefined while the memberships are not complete: only public rooms may then be entered. */
  readonly membership: Membership | undefined;
  /** Seconds between two messages of one user; 0 for no slow mode, and while the memberships are not complete. */
  readonly slowModeSeconds: number;
}

export interface Ban {
  readonly userId: number;
  /** Undefined: banned from everything. */
  readonly roomId?: number | undefined;
  /** When the ban expires, in milliseconds since 1970 by the list's clock; undefined for never. */
  readonly until?: number | undefined;
}

/** A session that was signed out, or all sessions of a user. */
export interface Revocation {
  /** Id that all tokens of the session share, or a {@link sessionsKey}. */
  readonly tokenId: string;
  /** When the last of its tokens expires, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** One change of the list, as a copy of it needs it. */
export type AccessChange =
  | { readonly type: 'revoked'; readonly tokenId: string; readonly expiresAt: number }
  | { readonly type: 'banned'; readonly ban: Ban }
  | { readonly type: 'lifted'; readonly ban: Pick<Ban, 'userId' | 'roomId'> };

/** Changes of the list, in order. */
export interface AccessChanges {
  readonly changes: readonly AccessChange[];
  /** Position of the list after them. */
  readonly position: string;
}

/**
 * Users and tokens that are refused although the token is valid: tokens whose sessions were signed out, and users
 * whom an operator banned. PostgreSQL owns both; gateways and the API check this list. Every change must also be sent
 * to the gateways as a control event; a gateway that may have missed one checks all its connections.
 *
 * A list that never held everything, or lost it, refuses to {@link check} until an API has completed a restoration: see
 * {@link beginRestoration}.
 *
 * Every method rejects with `UnavailableError` while Redis is unreachable.
 */
export interface AccessList {
  /**
   * Begins a restoration. After it the caller adds all revocations and bans, and then completes it, which marks the list as
   * complete. A list that is complete already stays so meanwhile.
   */
  beginRestoration(): Promise<AccessRestoration>;
  /**
   * Takes one round trip per 500 subjects.
   * @returns one verdict per subject, in order
   * @throws {UnavailableError} also while the bans are not complete
   */
  check(subjects: readonly Subject[]): Promise<AccessVerdict[]>;
  /**
   * Like {@link check}, and returns what the users are in the rooms. Takes one round trip per 500 subjects.
   * @throws {UnavailableError} also while the bans are not complete
   */
  checkRooms(subjects: readonly RoomSubject[]): Promise<RoomVerdict[]>;
  /**
   * Ids of the rooms of which a user is a member and from which the user is not banned. One command, however many rooms there are.
   * @throws {UnavailableError} also while the memberships or the bans are not complete
   */
  roomsOf(userId: number): Promise<number[]>;
  /**
   * Revokes the tokens with this id, or those of the sessions that a {@link sessionsKey} names. The revocation is
   * remembered until the token has expired on every clock that is less than five minutes wrong.
   * @param expiresAt when the token would have expired, in milliseconds since 1970
   */
  revoke(tokenId: string, expiresAt: number): Promise<void>;
  /**
   * Revokes all of these; each is remembered as by {@link revoke}.
   * @returns those that the list lacked although it was marked complete: a client may have been admitted meanwhile
   * with such a token
   */
  addRevocations(revocations: readonly Revocation[]): Promise<Revocation[]>;
  /**
   * The changes after a position: at most a few hundred, and later ones by the next call.
   * @param position undefined for the present position of the list
   * @returns undefined if the position is too old, or of data that was lost: a copy must read {@link entries} again
   * @throws {UnavailableError} also while the list is not complete
   */
  changesAfter(position: string | undefined): Promise<AccessChanges | undefined>;
  /**
   * All entries of the list, in pages. Includes everything that was in it when the reading began and is not removed meanwhile.
   * @throws {UnavailableError}
   */
  entries(): AsyncIterable<readonly AccessChange[]>;
  /** Adds a ban, or replaces the ban of that user and room. The owner of the bans must make one change at a time. */
  ban(ban: Ban): Promise<void>;
  /** Lifts exactly this ban: that of a room, or that of everything. */
  lift(ban: Pick<Ban, 'userId' | 'roomId'>): Promise<void>;
  /**
   * Replaces all bans. A list that is not complete stays so.
   * @returns those that the list lacked although it was marked complete: a banned user may have been admitted
   * meanwhile
   */
  replaceBans(bans: readonly Ban[]): Promise<Ban[]>;
}

/** Restores the list to one Redis process. */
export interface AccessRestoration {
  /**
   * Marks the list as complete.
   * @throws {UnavailableError} also if Redis has lost data since the restoration began, or another one began
   */
  complete(): Promise<void>;
}

/**
 * Key under which a user's sessions of one generation are revoked. A token carries the generation of its sign-in.
 * Ending all sessions of a user revokes the current generation and starts the next.
 */
export function sessionsKey(userId: number, generation: number): string {
  return `user:${userId}:${generation}`;
}

/** Parses a {@link sessionsKey}; undefined for the id of a single session. */
export function readSessionsKey(key: string): { userId: number; generation: number } | undefined {
  const [, userId, generation] = /^user:(\d+):(\d+)$/.exec(key) ?? [];
  return userId === undefined ? undefined : { userId: Number(userId), generation: Number(generation) };
}

/** Returns the ids under which a subject's token may be revoked. */
export function revocationIds({ userId, tokenId, generation }: Subject): string[] {
  if (tokenId === undefined) return [];
  return generation === undefined ? [tokenId] : [tokenId, sessionsKey(userId, generation)];
}

/** How long a revoked token is remembered after its expiry, in milliseconds: clocks differ. */
export const REVOKED_SLACK_MS = 300_000;

/** Largest number of subjects in one round trip. */
export const SUBJECTS_AT_ONCE = 500;

/** Returns the key of a ban: `<user id>` or `<user id>:<room id>`. */
export function banKey({ userId, roomId }: Pick<Ban, 'userId' | 'roomId'>): string {
  return roomId === undefined ? String(userId) : `${userId}:${roomId}`;
}

/** Parses the key of a ban; the inverse of {@link banKey}. */
export function readBanKey(key: string): Pick<Ban, 'userId' | 'roomId'> {
  const [userId, roomId] = key.split(':').map(Number);
  return { userId: userId ?? Number.NaN, roomId };
}
