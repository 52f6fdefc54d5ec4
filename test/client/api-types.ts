import type { answers } from '@chorus/api';
import type {
  Account,
  Change,
  CurrentMessage,
  findUsers,
  InboxPage,
  Invite,
  InvitePage,
  MemberPage,
  MessagePage,
  Profile,
  Reaction,
  ReadPosition,
  Refreshed,
  Report,
  ReportPage,
  RoomInfo,
  RoomMember,
  RoomMemberPage,
  RoomPage,
  SignedIn,
} from '@chorus/client';
import type { ChangeFrame, CurrentMessage as ProtocolMessage } from '@chorus/protocol';
import type { z } from 'zod';

// Not run: it does not compile when the client's types are not those of the API's answers and of the frames.

/** What is written down in types is all that there is, and what there is is written down. */
type Same<A, B> = Both<Plain<A>, Plain<B>>;
type Both<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? true
    : { lacks: Exclude<keyof B, keyof A> }
  : { differs: A };
/** Without the difference between what may and may not be written to. */
type Plain<T> = T extends readonly (infer E)[]
  ? Plain<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;

type Answers = { [Name in keyof typeof answers]: z.output<(typeof answers)[Name]> };

const all: {
  readonly account: Same<Account, Answers['Account']>;
  readonly profile: Same<Profile, Answers['Profile']>;
  // The token is not of the body.
  readonly signedIn: Same<Omit<SignedIn, 'token'>, Answers['SignedIn']>;
  readonly refreshed: Same<Omit<Refreshed, 'token'>, Answers['Refreshed']>;
  readonly room: Same<RoomInfo, Answers['Room']>;
  readonly rooms: Same<RoomPage, Answers['RoomPage']>;
  readonly member: Same<MemberPage['members'][number], Answers['Member']>;
  readonly roomMember: Same<RoomMember, Answers['RoomMember']>;
  readonly roomMembers: Same<RoomMemberPage, Answers['RoomMemberPage']>;
  readonly foundUsers: Same<Awaited<ReturnType<typeof findUsers>>, Answers['FoundUsers']['users']>;
  readonly inbox: Same<InboxPage, Answers['InboxPage']>;
  readonly readPosition: Same<ReadPosition, Answers['ReadPosition']>;
  readonly invite: Same<Invite, Answers['Invite']>;
  readonly invites: Same<InvitePage, Answers['InvitePage']>;
  readonly report: Same<Report, Answers['Report']>;
  readonly reports: Same<ReportPage, Answers['ReportPage']>;
  readonly change: Same<Change, ChangeFrame>;
  // The client counts reactions.
  readonly currentMessage: Same<Omit<CurrentMessage, 'reactions'>, Omit<ProtocolMessage, 'reactions'>>;
  readonly reaction: Same<Omit<Reaction, 'count'>, ProtocolMessage['reactions'][number]>;
  readonly messages: Same<MessagePage, Answers['MessagePage']>;
} = {
  account: true,
  profile: true,
  signedIn: true,
  refreshed: true,
  room: true,
  rooms: true,
  member: true,
  roomMember: true,
  roomMembers: true,
  foundUsers: true,
  inbox: true,
  readPosition: true,
  invite: true,
  invites: true,
  report: true,
  reports: true,
  change: true,
  currentMessage: true,
  reaction: true,
  messages: true,
};

/** The types that were compared. */
export const comparedTypes = Object.keys(all);
