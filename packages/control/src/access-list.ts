/** Somebody who has, or wants, a connection. */
export interface Subject {
  readonly userId: number;
  /** Of the token that the connection was made with; undefined with `AUTH=open`. */
  readonly tokenId?: string | undefined;
  /** The room that is to be entered, if it is about one. */
  readonly roomId?: number | undefined;
}

/** Why somebody may not come in; `ok` for whoever may. */
export type Verdict = 'ok' | 'revoked' | 'banned' | 'banned-from-room';

export interface Ban {
  readonly userId: number;
  /** Undefined: from everything. */
  readonly roomId?: number | undefined;
  /** When it ends by itself, in milliseconds since 1970; undefined for never. */
  readonly until?: number | undefined;
}

/**
 * Who may not come in although their token is genuine: tokens whose owners signed out, and users whom an
 * operator banned. PostgreSQL owns bans; this list is what gateways and the API ask. Whoever changes it tells the
 * gateways by a control event as well; a gateway that may have missed one asks about all its connections.
 *
 * Every method rejects with `BrokerUnavailableError` while Redis cannot be reached.
 */
export interface AccessList {
  /** @returns one verdict for each subject, in order */
  check(subjects: readonly Subject[]): Promise<Verdict[]>;
  /** The token does not count any more. @param expiresAt when it would have ended, in ms since 1970 */
  revoke(tokenId: string, expiresAt: number): Promise<void>;
  ban(ban: Ban): Promise<void>;
  /** Ends exactly this ban: that of a room or that of everything. */
  lift(ban: Pick<Ban, 'userId' | 'roomId'>): Promise<void>;
  /** Makes these all the bans there are. */
  replaceBans(bans: readonly Ban[]): Promise<void>;
}
