import type { HistoryLoss } from '@chorus/broker';
import type { AccessList } from '@chorus/control';
import {
  accessTo,
  CLOSE,
  type CloseReason,
  checkStanding,
  type Member,
  type MessageParts,
  type MessageRefusal,
  messageEncoder,
  type Position,
  type RoomUser,
  type roomLeftFrame,
} from '@chorus/protocol';
import type { z } from 'zod';
import type { UserBudget } from '../connections/user-budget.js';
import type { Hub } from '../rooms/hub.js';
import type { LocalRoom, TypingSubscriber } from '../rooms/local-room.js';
import { MemberStanding } from '../rooms/members/member-standing.js';
import type { Standing } from '../rooms/members/standing.js';
import type { PreparedJoin } from '../rooms/prepared-join.js';
import { ReplayPump } from '../rooms/replay-pump.js';
import type { Socket } from '../transport/transport.js';

export type LeaveReason = z.infer<typeof roomLeftFrame>['reason'];

const ENDED_BY_OTHERS: ReadonlySet<LeaveReason> = new Set(['removed', 'banned', 'disconnected']);

/** The answer to a join. */
export interface JoinedRoom {
  readonly roomId: number;
  /** Messages after this position follow as live frames. */
  readonly at: Position;
  /** Whether the client gave a position to resume from. */
  readonly resumes: boolean;
  /** Whether the client receives every message after that position. */
  readonly recovered: boolean;
  /** Messages up to here are in the database. */
  readonly stored: Position;
}

/** A protocol's frames about a membership; undefined where the protocol has none. */
export interface MembershipFrames {
  joined(joined: JoinedRoom): string | undefined;
  historyLost(roomId: number, loss: HistoryLoss): string | undefined;
  left(roomId: number, reason: LeaveReason): string | undefined;
  /** Whether clients receive the frames that only `chorus.v1` has. */
  readonly v1: boolean;
}

/** The session that owns a membership. */
export interface MemberSession {
  readonly context: {
    readonly hub: Hub;
    readonly access: Pick<AccessList, 'checkRooms'>;
    readonly maxQueuedBytes: number;
  };
  readonly frames: MembershipFrames;
  readonly user: Member;
  readonly tokenId: string | undefined;
  readonly generation: number | undefined;
  readonly budget: UserBudget;
  /** Undefined unless it is open. */
  readonly socket: Socket | undefined;
  /** Whether the client was asked to reconnect. */
  readonly reconnecting: boolean;
  /** Called when the room was deleted: the session ends the membership, or closes. */
  roomDeleted(membership: RoomMembership): void;
  /** Called when the user was removed from the room: the session ends the membership, or closes. */
  removed(membership: RoomMembership): void;
  /** Closes the socket. */
  close(reason: CloseReason): void;
}

/**
 * Membership of a socket in one room, for any protocol. The socket joins, receives the messages that it missed, then
 * live messages, until it leaves or closes.
 */
export class RoomMembership implements TypingSubscriber {
  readonly room: LocalRoom;
  readonly #standing: MemberStanding;
  #replay: ReplayPump | undefined;
  /** Whether the user was removed, banned or signed out. */
  #ended = false;
  #encode: ((message: MessageParts) => string) | undefined;

  /** Joins the room synchronously and uses up the prepared join. */
  constructor(
    private readonly session: MemberSession,
    join: PreparedJoin,
  ) {
    this.room = join.room;
    this.#standing = new MemberStanding(this.room, session.context.access, session);
    if (join.standing !== undefined) this.#standing.set(join.standing());
    this.room.tickets.delete(join.ticket);
    session.context.hub.enter(this.room, this);
    this.#answer(join);
    this.#follow(join);
  }

  get member(): Member {
    return this.session.user;
  }

  get v1(): boolean {
    return this.session.frames.v1;
  }

  /** See `MemberStanding.reading`. */
  get checking(): Promise<void> | undefined {
    return this.#standing.reading;
  }

  /** Reads what the user is in the room, before the user sends or changes anything: see `MemberStanding.read`. */
  checked(): Promise<void> | undefined {
    return this.#standing.read();
  }

  /** What the user is in the room. */
  get roomUser(): RoomUser {
    return { kind: this.room.kind, role: this.#standing.current.role };
  }

  get standing(): Standing {
    return this.#standing.current;
  }

  /** Time until the user may send again, in milliseconds; 0 for a user who is not muted. */
  get mutedMs(): number {
    const { mutedUntil } = this.#standing.current;
    return mutedUntil === undefined ? 0 : Math.max(0, mutedUntil - Date.now());
  }

  /** Seconds between two messages of the user; 0 for no slow mode. */
  get slowModeSeconds(): number {
    const { slowModeSeconds, kind } = this.room;
    if (slowModeSeconds === 0) return 0;
    return accessTo('skipSlowMode', kind, this.#standing.current.role) === 'yes' ? 0 : slowModeSeconds;
  }

  get reconnecting(): boolean {
    return this.session.reconnecting;
  }

  /** Answers a repeated join, which other members do not notice. Uses up the prepared join. */
  rejoin(join: PreparedJoin): void {
    if (join.standing !== undefined) this.#standing.set(join.standing());
    this.room.tickets.delete(join.ticket);
    this.session.context.hub.abandon(join.room);
    this.stopReplay();
    // The answer goes first, as messages published before it have been sent already.
    this.#answer(join);
    if (join.replay !== undefined) this.#unsubscribe();
    this.#follow(join);
  }

  /** Ends the membership while the socket stays open. */
  leave(reason: LeaveReason): void {
    this.#ended ||= ENDED_BY_OTHERS.has(reason);
    this.#send(this.session.frames.left(this.room.id, reason));
    this.#unsubscribe();
    this.end();
  }

  /** Ends the membership of a closed socket. */
  end(): void {
    this.stopReplay();
    this.session.context.hub.leave(this.room, this);
  }

  /** Prepares the end of a socket that the gateway closes. */
  closing({ reconnect }: CloseReason): void {
    this.stopReplay();
    this.#ended ||= !reconnect;
  }

  /**
   * Why a text that waited for the hook may not be published any more. What was sent before the user left or closed the socket may, but
   * not what was sent before the user was removed, banned or signed out.
   */
  get refusal(): MessageRefusal | undefined {
    return checkStanding({ ended: this.#ended, mutedMs: this.mutedMs });
  }

  /** Stops the replay of missed messages. */
  stopReplay(): void {
    this.#replay?.end();
    this.#replay = undefined;
  }

  /** Continues the replay: the socket's queue became shorter. */
  drained(): void {
    this.#replay?.run();
  }

  roomDeleted(): void {
    this.session.roomDeleted(this);
  }

  removed(): void {
    this.session.removed(this);
  }

  /**
   * The next delivery is of a later message. A protocol without a frame for this ends the socket if the history has the messages: on one
   * connection, no message between two others is missing.
   */
  historyLost(loss: HistoryLoss): void {
    const frame = this.session.frames.historyLost(this.room.id, loss);
    if (frame !== undefined) this.#send(frame);
    else if (loss.recoverable) {
      // At once: closing takes a moment.
      this.#unsubscribe();
      this.session.close(CLOSE.restart);
    }
  }

  /** Encodes a message of this socket as the body that `Broker.publish` takes. */
  encode(message: MessageParts): string {
    this.#encode ??= messageEncoder(this.room.id, this.session.user);
    return this.#encode(message);
  }

  /**
   * Whether the room may be notified now that the user is typing. If so, expects the notice and withholds it from this
   * socket.
   *
   * @param now milliseconds of `performance.now()`
   */
  startTyping(now: number): boolean {
    if (!this.session.budget.typing(this.room.id, now)) return false;
    this.room.typing.set(this.session.user.id, this);
    return true;
  }

  publishTyping(frame: Uint8Array): void {
    this.session.socket?.publish(this.room.v1Topic, frame);
  }

  #answer({ room, since, replay, stored }: PreparedJoin): void {
    const { context, frames } = this.session;
    const resumes = since !== undefined;
    const recovered = resumes && replay !== undefined;
    const at = replay?.upTo ?? context.hub.position(room);
    this.#send(frames.joined({ roomId: room.id, at, resumes, recovered, stored }));
    if (!resumes || recovered) return;
    const loss = context.hub.lossSince(room, since);
    if (loss !== undefined) this.historyLost(loss);
  }

  /** Sends the replay, if the client resumes, and then live messages. */
  #follow({ replay, room }: PreparedJoin): void {
    const { socket, context, budget } = this.session;
    if (socket === undefined || replay === undefined) {
      replay?.end();
      this.#goLive();
      return;
    }
    this.#replay = new ReplayPump({
      socket,
      replay,
      maxQueuedBytes: context.maxQueuedBytes,
      budget,
      room,
      onDone: () => this.#goLive(),
      onTooSlow: () => this.session.close(CLOSE.slowReader),
    });
    this.#replay.run();
  }

  #goLive(): void {
    const { socket, frames } = this.session;
    this.#replay = undefined;
    socket?.subscribe(this.room.topic);
    if (frames.v1) socket?.subscribe(this.room.v1Topic);
  }

  #unsubscribe(): void {
    const { socket, frames } = this.session;
    socket?.unsubscribe(this.room.topic);
    if (frames.v1) socket?.unsubscribe(this.room.v1Topic);
  }

  #send(frame: string | undefined): void {
    if (frame !== undefined) this.session.socket?.send(frame);
  }
}
