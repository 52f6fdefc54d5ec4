import type { KeyScope, Member } from '@chorus/protocol';

/** A key with which a request was made. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlySet<KeyScope>;
  /** The bot that acts with the key; undefined for a key of an application. */
  readonly botId: number | undefined;
  readonly expiresAt: Date | undefined;
  /** Messages and changes per second through one API; undefined for the default. */
  readonly messagesPerSecond: number | undefined;
}

/**
 * Who makes a request: a user; an application with an API key, as a user or without one; with `AUTH=open` possibly neither. The state
 * of a request is one.
 */
export interface Caller {
  readonly user?: Member | undefined;
  readonly key?: ApiKey | undefined;
}

/** Header that names the user as whom a key acts. */
export const USER_HEADER = 'X-Chorus-User';
