import type { Position, RoomKind, RoomRole } from '@chorus/protocol/constants';
import type { ListedRoom, Member, MemberChange, Message, RoomChange } from '../types.js';

// Declared here, so that applications need no other library. A test compares them with the schemas of the API.

/** The user's own account. */
export interface Account {
  readonly id: number;
  readonly username: string;
  readonly email: string;
}

/** The account of the signed-in user, with what the user shows of it. */
export interface Profile extends Account {
  /** Null for none: then the user name is shown. */
  readonly displayName: string | null;
  /** HTTPS URL; null for none. */
  readonly avatarUrl: string | null;
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
  /** Days for which messages are kept; null for no limit of the room itself. */
  readonly retentionDays: number | null;
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

/** A new room. */
export interface NewRoom {
  name: string;
  /** Default: `public`. {@link openDirectRoom} makes direct rooms. */
  kind?: 'public' | 'private' | undefined;
  /** Up to 500 characters. Default: empty. */
  topic?: string | undefined;
  /** Default: the next free id. */
  id?: number | undefined;
}

/** New properties of a room. Absent ones stay as they are. */
export interface RoomSettings {
  name?: string | undefined;
  topic?: string | undefined;
  /** Seconds between two messages of one user, moderators and owners excepted; 0 ends slow mode. */
  slowModeSeconds?: number | undefined;
  /** Days for which messages are kept; null for no limit of the room itself. */
  retentionDays?: number | null | undefined;
}

/** A user who belongs to a room, present or not. */
/** A user with what the user shows. */
export interface ShownUser extends Member {
  /** Only for users who have one, as `avatarUrl`. */
  readonly displayName?: string | undefined;
  /** HTTPS URL. */
  readonly avatarUrl?: string | undefined;
}

export interface RoomMember extends ShownUser {
  /** Null for a muted user of a public room who is not a member. */
  readonly role: RoomRole | null;
  /** ISO 8601, like `mutedUntil`. */
  readonly joinedAt: string | null;
  readonly mutedUntil: string | null;
  /** How far the member has read; null for not at all. Only in rooms with at most 100 members. */
  readonly readPosition?: string | null | undefined;
}

export interface RoomMemberPage {
  /** In ascending order of id. */
  readonly members: readonly RoomMember[];
  /** Value of `cursor` for the next page; null on the last page. */
  readonly nextCursor: number | null;
}

/** A new invitation. */
export interface NewInvite {
  /** 60 seconds to 30 days. Default: 7 days. */
  expiresInSeconds?: number | undefined;
  /** Number of users who can accept it: 1 to 10,000. Default: 100. */
  maxUses?: number | undefined;
}

/** An invitation to a room. */
export interface Invite {
  /** Secret: a user who has it may become a member. */
  readonly code: string;
  readonly roomId: number;
  /** ISO 8601, like `expiresAt`. */
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly maxUses: number;
  readonly uses: number;
}

export interface InvitePage {
  /** In ascending order of the codes. */
  readonly invites: readonly Invite[];
  /** Value of `cursor` for the next page; null on the last page. */
  readonly nextCursor: string | null;
}

/** A reported message. */
export interface Report {
  readonly id: number;
  /** Position of the message. */
  readonly message: Position;
  /** The user who reported it. */
  readonly reporter: Member;
  readonly reason: string;
  /** ISO 8601. */
  readonly reportedAt: string;
}

export interface ReportPage {
  /** In ascending order of id. */
  readonly reports: readonly Report[];
  /** Value of `cursor` for the next page; null on the last page. */
  readonly nextCursor: number | null;
}

/** A room in the inbox of the user who asks. */
export interface InboxRoom {
  readonly room: RoomInfo;
  readonly role: RoomRole;
  /** Null in a room without messages. */
  readonly lastMessage: Message | null;
  /** Position of the newest entry; null for none. Everything up to it is counted. */
  readonly position: string | null;
  /** Ordinal of the newest message; 0 in a room without messages. */
  readonly n: number;
  /** Messages after the read position, without deleted ones. */
  readonly unread: number;
  /** Unread messages of others that mention the user or all members. */
  readonly mentions: number;
  /** Null if the user has read nothing yet. */
  readonly readPosition: string | null;
  /** Ordinal of the last message that was read; 0 for none. */
  readonly readN: number;
  /** End of the user's mute, ISO 8601; null for none. */
  readonly mutedUntil: string | null;
  /** When the last message was sent or, without one, when the user became a member. ISO 8601. */
  readonly activityAt: string;
}

export interface InboxPage {
  /** By latest activity, newest first. */
  readonly rooms: readonly InboxRoom[];
  /** Value of `cursor` for the next page; null on the last page. */
  readonly next: string | null;
}

/** How far the user has read a room. */
export interface ReadPosition {
  /** Null for nothing. */
  readonly readPosition: string | null;
  /** Ordinal of the last message up to it; 0 for none. */
  readonly readN: number;
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
  /**
   * Only if they were asked for: the changes of the members and of the room among the messages, oldest first. In a public room,
   * members who joined or left by themselves are left out.
   */
  readonly changes?: ReadonlyArray<MemberChange | RoomChange> | undefined;
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
  /** Whether the page has the changes of the members and of the room among its messages. Not with `changedSince`. Default: false. */
  changes?: boolean | undefined;
  /** Largest number of messages: 1 to 100. Default: 50. */
  limit?: number | undefined;
}

/** Options of every method. */
export interface CallOptions {
  /** Cancels the request, which then fails with `aborted`. */
  signal?: AbortSignal | undefined;
}

/** Selects a page of a list in ascending order of id. */
export interface PageOptions extends CallOptions {
  /** Only entries with larger ids. Default: the first page. */
  cursor?: number | undefined;
  /** Largest number of entries: 1 to 100. Default: 50. */
  limit?: number | undefined;
}

/** Selects a page of invitations. */
export interface InvitePageOptions extends CallOptions {
  /** Value of `nextCursor` of the page before. Default: the first page. */
  cursor?: string | undefined;
  /** Largest number of invitations: 1 to 100. Default: 50. */
  limit?: number | undefined;
}

/** A request to a route of the API. */
export interface RequestOptions extends CallOptions {
  query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as `Idempotency-Key`. */
  idempotencyKey?: string | undefined;
}

/** Sends requests to the API: a {@link ChorusApi}, or a {@link ChorusClient}. */
export interface ApiRequester {
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
}
