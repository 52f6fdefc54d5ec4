/** Somebody who has, or wants, a connection. */
export interface Subject {
  readonly userId: number;
  /** Of the token that the connection was made with; undefined with `AUTH=open`. */
  readonly tokenId?: string | undefined;
  /** Of the same token: see {@link sessionsKey}. */
  readonly generation?: number | undefined;
  /** The room that is to be entered, if it is about one. */
  readonly roomId?: number | undefined;
}

/**
 * Why somebody may not come in; `ok` for whoever may. When several reasons hold, the first of `revoked`, `banned`,
 * `banned-from-room`.
 */
export type Verdict = 'ok' | 'revoked' | 'banned' | 'banned-from-room';

export interface Ban {
  readonly userId: number;
  /** Undefined: from everything. */
  readonly roomId?: number | undefined;
  /** When it ends by itself, in milliseconds since 1970 by the list's clock; undefined for never. */
  readonly until?: number | undefined;
}

/** A session that was signed out, or all sessions of a user. */
export interface Revocation {
  /** What all tokens of the session share, or a {@link sessionsKey}. */
  readonly tokenId: string;
  /** When the last of its tokens expires, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Who may not come in although their token is genuine: tokens whose owners signed out, and users whom an
 * operator banned. PostgreSQL owns both; this list is what gateways and the API ask. Whoever changes it tells the
 * gateways by a control event as well; a gateway that may have missed one asks about all its connections.
 *
 * A list that never held all bans, or lost them, refuses to {@link check} until the API has called
 * {@link replaceBans}, which it does after {@link addRevocations}: a complete list has both.
 *
 * Every method rejects with `UnavailableError` while Redis cannot be reached.
 */
export interface AccessList {
  /**
   * One round trip for each 500 subjects.
   * @returns one verdict for each subject, in order
   * @throws {UnavailableError} also while the bans are not complete
   */
  check(subjects: readonly Subject[]): Promise<Verdict[]>;
  /**
   * Tokens with this id do not count any more, or those of the sessions that a {@link sessionsKey} names. It is remembered until it has ended by every clock that is less
   * than five minutes wrong.
   * @param expiresAt when it would have ended, in ms since 1970
   */
  revoke(tokenId: string, expiresAt: number): Promise<void>;
  /**
   * Revokes all of these; each is remembered as by {@link revoke}.
   * @returns those that the list did not have although it said it was complete: a client may have come in
   *   meanwhile with such a token
   */
  addRevocations(revocations: readonly Revocation[]): Promise<Revocation[]>;
  /** Adds the ban, or replaces that of the same user and room. Whoever owns the bans makes one change at a time. */
  ban(ban: Ban): Promise<void>;
  /** Ends exactly this ban: that of a room or that of everything. */
  lift(ban: Pick<Ban, 'userId' | 'roomId'>): Promise<void>;
  /**
   * Makes these all the bans there are.
   * @returns those that the list did not have although it said it was complete: somebody may have come in
   *   whom they concern
   */
  replaceBans(bans: readonly Ban[]): Promise<Ban[]>;
}

/**
 * Names a user's sessions of one generation among revoked tokens. A token carries the generation of its sign-in. Ending
 * all sessions of a user revokes the present generation and begins the next.
 */
export function sessionsKey(userId: number, generation: number): string {
  return `user:${userId}:${generation}`;
}

/** Reads a {@link sessionsKey}; undefined for the id of a single session. */
export function readSessionsKey(key: string): { userId: number; generation: number } | undefined {
  const [, userId, generation] = /^user:(\d+):(\d+)$/.exec(key) ?? [];
  return userId === undefined ? undefined : { userId: Number(userId), generation: Number(generation) };
}

/** Ids under which a subject's token may be revoked. */
export function revocationIds({ userId, tokenId, generation }: Subject): string[] {
  if (tokenId === undefined) return [];
  return generation === undefined ? [tokenId] : [tokenId, sessionsKey(userId, generation)];
}

/** How long a revoked token is remembered after its end, in milliseconds: clocks differ. */
export const REVOKED_SLACK_MS = 300_000;

/** Most subjects of one round trip. */
export const SUBJECTS_AT_ONCE = 500;

/** What a ban is about, as one word: `<user id>` or `<user id>:<room id>`. */
export function banKey({ userId, roomId }: Pick<Ban, 'userId' | 'roomId'>): string {
  return roomId === undefined ? String(userId) : `${userId}:${roomId}`;
}
