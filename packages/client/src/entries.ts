import type { Position } from '@chorus/protocol/constants';

// Declared here, so that applications need no other library. A test compares them with the schemas of the protocol.

/** A user, as other users see them. */
export interface Member {
  readonly id: number;
  readonly username: string;
  /** Only for bots. Servers of the version before, and lists of users who are present, do not say it. */
  readonly bot?: true | undefined;
}

/** The id of a user whom a message mentions; `room` for all members. */
export type Mention = number | 'room';

/** JSON object of the application, of at most 4,096 bytes. */
export type MessageData = Readonly<Record<string, unknown>>;

/** A message of a room. `epoch` and `seq` are its {@link Position}. */
export interface Message extends Position {
  readonly type: 'message';
  readonly roomId: number;
  /** Unique over all messages. */
  readonly id: string;
  readonly userId: number;
  readonly username: string;
  /** The text as it was sent, or as it is now if {@link Message.changed} is set. Never markup. */
  readonly content: string;
  /** When the sender's gateway received it, in milliseconds since 1970 by that gateway's clock. */
  readonly sentAt: number;
  /** Id that its sender gave it. */
  readonly clientMsgId?: string | undefined;
  /** Only for messages of bots. */
  readonly bot?: true | undefined;
  /** Number of messages in the room up to this one, deleted ones included. Equal to `seq` if absent. */
  readonly n?: number | undefined;
  readonly mentions?: readonly Mention[] | undefined;
  /** Position of the message that this one replies to. */
  readonly replyTo?: Position | undefined;
  readonly data?: MessageData | undefined;
  /** When the text was edited last, in milliseconds since 1970; absent if it never was. */
  readonly editedAt?: number | undefined;
  /** Changes up to this position are applied already. Absent if the message is as it was sent. */
  readonly changed?: Position | undefined;
}

/** A reaction to a message. */
export interface Reaction {
  /** An emoji or a short name. */
  readonly reaction: string;
  /** Number of users who have set it. */
  readonly count: number;
  /** Ids of the users who have set it, ascending. The history names the first 100 of them. */
  readonly users: readonly number[];
}

/**
 * A message as it is now. A deleted message has an empty `content`, and no data, mentions or reactions. A change makes a new object.
 */
export interface CurrentMessage extends Message {
  /** In ascending order of `reaction`. */
  readonly reactions: readonly Reaction[];
  /** Number of messages that reply to this one, deleted ones included. */
  readonly replies: number;
  /** Who deleted it, and when, in milliseconds since 1970. */
  readonly deleted?: { readonly by: Member; readonly at: number } | undefined;
}

/** Role of a member of a room. */
export type RoomRole = 'owner' | 'moderator' | 'member';

/** What all changes have in common. `epoch` and `seq` are the {@link Position} of the change. */
export interface ChangeBase extends Position {
  readonly type: 'change';
  readonly roomId: number;
  /** Id of the user who made the change. */
  readonly userId: number;
  readonly username: string;
  /** Unique over all messages and changes. */
  readonly id: string;
  /** When the change was made, in milliseconds since 1970 by the clock of a server. */
  readonly sentAt: number;
  /** Id that the sender gave the change. */
  readonly clientMsgId?: string | undefined;
}

/** A change of one message. */
export type MessageChange = ChangeBase & {
  /** Position of the message. */
  readonly target: Position;
} & (
    | {
        readonly change: 'edited';
        readonly content: string;
        /** Absent if the mentions stay as they are. */
        readonly mentions?: readonly Mention[] | undefined;
        /** Absent if the data stays as it is. */
        readonly data?: MessageData | undefined;
      }
    | {
        readonly change: 'deleted';
        /** The user who sent the message. */
        readonly author: Member;
        /** Ordinal of the message. */
        readonly n: number;
        /** `sentAt` of the message. */
        readonly originalSentAt: number;
      }
    | { readonly change: 'reacted' | 'unreacted'; readonly reaction: string }
    /** The author has added text at the end. */
    | { readonly change: 'appended'; readonly text: string }
  );

/** A change of the members of a room. */
export type MemberChange = ChangeBase & { readonly member: Member } & (
    | { readonly change: 'member-added' /** Absent for `member`. */; readonly role?: RoomRole | undefined }
    | {
        readonly change: 'member-changed';
        /** Absent if the role stays as it is. */
        readonly role?: RoomRole | undefined;
        /** End of the mute in milliseconds since 1970; null for none; absent if it stays as it is. */
        readonly mutedUntil?: number | null | undefined;
      }
    | { readonly change: 'member-removed' }
  );

/** New properties of a room. Absent ones stay as they are. */
export type RoomChange = ChangeBase & {
  readonly change: 'room-changed';
  readonly name?: string | undefined;
  readonly topic?: string | undefined;
  readonly slowModeSeconds?: number | undefined;
};

/** A deleted message, or a change of one, was at this position. Only among missed entries. */
export interface Erased extends Position {
  readonly type: 'change';
  readonly change: 'erased';
  readonly roomId: number;
}

/**
 * An entry of a room that is not a message. `change` names the kind; newer servers may send kinds that are not listed here: ignore them.
 */
export type Change = MessageChange | MemberChange | RoomChange | Erased;
