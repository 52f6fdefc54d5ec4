import type { VerifiedToken } from '@chorus/auth';
import type { ErrorCode } from '@chorus/protocol';
import type { Sender } from '../../rooms/acks.js';
import type { MembershipMap } from '../membership-map.js';
import type { LeaveReason, MemberSession, RoomMembership } from '../room-membership.js';
import type { RoomQueue } from '../room-queue.js';
import type { V1Context } from '../v1-context.js';

/** What a refusal is about, as far as the refused frame said. */
export interface About {
  readonly type?: string | undefined;
  readonly roomId?: number | undefined;
  readonly clientMsgId?: string | undefined;
}

/** A `chorus.v1` socket, as the commands of its client see it. */
export interface CommandSession extends MemberSession, Sender {
  readonly context: V1Context;
  readonly tokenId: string | undefined;
  readonly generation: number | undefined;
  /** The rooms that it is in. */
  readonly rooms: MembershipMap;
  /** The same and those that it is about to join. */
  readonly roomIds: Iterable<number>;
  /** What changes a room runs in these. */
  readonly queue: RoomQueue;
  send(frame: string): void;
  /** Ends a stay in a room. */
  leave(membership: RoomMembership, reason: LeaveReason): void;
  /** Answers a frame that had no effect. */
  refuse(code: ErrorCode, about: About, detail?: string): void;
  /** Answers a frame that failed. */
  failed(error: unknown, about: About): void;
  /** Whether what was missed in the room may be sent now. */
  mayReplay(roomId: number): boolean;
  /** What was missed in the room is being sent. */
  replayed(roomId: number): void;
  /** Whether the user was banned from the room while joining it; says so once. */
  wasBanned(roomId: number): boolean;
  /** The socket goes on with this token. */
  renew(token: VerifiedToken): void;
}
