import type { VerifiedToken } from '@chorus/auth';
import type { CloseReason, ErrorCode, Member, MessageRefusal, TextDetails } from '@chorus/protocol';
import type { UserBudget } from '../../../connections/user-budget.js';
import type { InboxSocket } from '../../../inbox/watching-users.js';
import type { AckReceiver } from '../../../rooms/acks.js';
import type { PreparedJoin } from '../../../rooms/prepared-join.js';
import type { MembershipMap } from '../../membership-map.js';
import type { LeaveReason, RoomMembership } from '../../room-membership.js';
import type { RoomQueue } from '../../room-queue.js';
import type { V1Context } from '../context.js';

/** Fields of a frame that an answer repeats. */
export interface About {
  readonly type?: string | undefined;
  readonly roomId?: number | undefined;
  readonly clientMsgId?: string | undefined;
  /** Time after which a retry can succeed, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A `chorus.v1` socket, as commands see it. */
export interface CommandSession extends AckReceiver, InboxSocket {
  readonly context: V1Context;
  readonly user: Member;
  readonly budget: UserBudget;
  readonly tokenId: string | undefined;
  readonly generation: number | undefined;
  /** Whether the socket is open. */
  readonly open: boolean;
  /** Rooms that the socket has joined. */
  readonly rooms: MembershipMap;
  /** Rooms that the socket has joined or is joining. */
  readonly roomIds: Iterable<number>;
  /** Runs joins and leaves, sequentially within each room. */
  readonly queue: RoomQueue;
  /** Runs changes of messages that wait for a read, sequentially within each room. */
  readonly changes: RoomQueue;
  /** Whether missed messages of the room may be replayed now. */
  mayReplay(roomId: number): boolean;
  /**
   * Joins or rejoins a room synchronously. Uses up the prepared join, or abandons it if the room can no longer be
   * joined.
   */
  join(join: PreparedJoin, frame: About): void;
  leave(membership: RoomMembership, reason: LeaveReason): void;
  /** Subscribes to changes of the list of rooms. */
  watchRoomList(): void;
  send(frame: string | Uint8Array): void;
  /** Answers a frame that had no effect. */
  refuse<Code extends ErrorCode>(code: Code, about: About, ...details: TextDetails<Code>): void;
  /** Answers a frame that had no effect, with a refusal that the API uses too. */
  refuseAs(refusal: MessageRefusal, about: About): void;
  /** Answers a frame that failed. */
  failed(error: unknown, about: About): void;
  /** Continues with a newer token. */
  renew(token: VerifiedToken): void;
  /** Ends the socket. */
  close(reason: CloseReason): void;
}
