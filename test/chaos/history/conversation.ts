import type { ChangeFrame, Mention, MessageFrame, Position, RoomKind } from '@chorus/protocol';

// All times are in milliseconds, on one clock for all clients of a run.

export type Entry = MessageFrame | ChangeFrame;

/** An entry that a socket received. */
export interface Receipt {
  readonly at: number;
  readonly userId: number;
  /** Name of the socket. */
  readonly by: string;
  readonly entry: Entry;
}

/** Something that showed a user that a room exists, apart from its entries. */
export interface Glimpse {
  readonly at: number;
  /** When the user sent the request that it answers; undefined for a frame without one. */
  readonly askedAt: number | undefined;
  readonly userId: number;
  readonly by: string;
  /** Type of the frame, or the route. */
  readonly what: string;
  /** Position of the newest entry that it tells of. */
  readonly position?: Position;
}

/** A page of the history that the API returned. */
export interface Page {
  readonly at: number;
  readonly askedAt: number;
  readonly userId: number;
  readonly messages: readonly ViewedMessage[];
}

/** A message as one user sees it. */
export interface ViewedMessage extends Position {
  readonly userId: number;
  readonly content: string;
  readonly isEdited: boolean;
  /** Id of the user who deleted it. */
  readonly deletedBy: number | undefined;
  readonly replies: number;
  /** In ascending order of `reaction`; `me` is the user who sees the message. */
  readonly reactions: ReadonlyArray<{
    readonly reaction: string;
    readonly count: number;
    readonly me: boolean;
  }>;
  readonly mentions: readonly Mention[];
  readonly replyTo: Position | undefined;
  /** `data`, as JSON. */
  readonly data: string | undefined;
}

/** What the inbox of a user said of a room. */
export interface InboxAnswer {
  readonly at: number;
  readonly askedAt: number;
  readonly userId: number;
  /** Position of the newest entry that is counted; undefined for none. */
  readonly position: Position | undefined;
  /** Position up to which the user has read; undefined for nothing. */
  readonly read: Position | undefined;
  readonly n: number;
  readonly unread: number;
  readonly mentions: number;
}

/** A user marked a room as read. */
export interface ReadMark {
  readonly at: number;
  readonly userId: number;
  readonly position: Position;
}

/** A user was added to a room or removed from it. */
export interface MembershipChange {
  readonly type: 'add' | 'remove';
  readonly userId: number;
  readonly startedAt: number;
  /** When the API reported it as done everywhere; undefined if it never did. */
  doneAt: number | undefined;
}

/** `unknown`: it may have taken effect. */
export type ActionOutcome = 'acked' | 'failed' | 'unknown';

/** A message or a change of one that a user sent. */
export interface Action {
  readonly kind: 'send' | 'edit' | 'append' | 'delete' | 'react' | 'unreact';
  readonly at: number;
  endedAt: number | undefined;
  outcome: ActionOutcome;
  readonly userId: number;
  readonly clientMsgId: string;
  /** The message that it changes. */
  readonly target?: Position;
  /** Number of the mark in its text; see {@link marked}. */
  readonly mark?: number;
}

/** A text that grew piece by piece. */
export interface Growth {
  readonly at: number;
  endedAt: number | undefined;
  outcome: ActionOutcome;
  readonly userId: number;
  readonly mark: number;
  readonly pieces: number;
}

/** The messages of a room that a client shows to its user at the end. */
export interface ClientList {
  readonly userId: number;
  readonly by: string;
  readonly messages: readonly ViewedMessage[];
}

/** What is left of marked texts. */
export interface FoundText {
  readonly mark: number;
  /** A key of Redis, a table of PostgreSQL, or an answer. */
  readonly where: string;
}

/** Everything that was observed of a room in which members come and go and messages change. */
export interface Conversation {
  readonly roomId: number;
  readonly kind: RoomKind;
  /** In the order of the requests. */
  readonly memberships: readonly MembershipChange[];
  readonly receipts: readonly Receipt[];
  readonly glimpses: readonly Glimpse[];
  readonly pages: readonly Page[];
  readonly inboxes: readonly InboxAnswer[];
  /** As sent; the position of a mark may be beyond the newest entry. */
  readonly reads: readonly ReadMark[];
  /** As confirmed to the user. */
  readonly readsDone: readonly ReadMark[];
  readonly actions: readonly Action[];
  readonly growths: readonly Growth[];
  /** The whole history at the end, as the API shows it to each member. */
  readonly histories: readonly ClientList[];
  readonly lists: readonly ClientList[];
  readonly found: readonly FoundText[];
}
