import type { HistoryLoss } from '@chorus/broker';
import {
  CLOSE,
  type CloseReason,
  type Member,
  type MessageParts,
  messageEncoder,
  type Position,
  type roomLeftFrame,
} from '@chorus/protocol';
import type { z } from 'zod';
import type { UserBudget } from '../connections/user-budget.js';
import type { Hub, LocalRoom, Typist } from '../rooms/hub.js';
import type { PreparedJoin } from '../rooms/prepared-join.js';
import { ReplayPump } from '../rooms/replay-pump.js';
import type { Socket } from '../transport/transport.js';

export type LeaveReason = z.infer<typeof roomLeftFrame>['reason'];

/** What a client learns when it has joined a room. */
export interface JoinedRoom {
  readonly roomId: number;
  /** Messages after this position follow. */
  readonly at: Position;
  /** The client gave a position to continue from. */
  readonly resumes: boolean;
  /** It receives everything after that position. */
  readonly recovered: boolean;
  /** Messages up to here were in the database. */
  readonly stored: Position;
}

/** The frames of a protocol about a membership; undefined for what the protocol has no frame for. */
export interface MembershipFrames {
  joined(joined: JoinedRoom): string | undefined;
  historyLost(roomId: number, loss: HistoryLoss): string | undefined;
  left(roomId: number, reason: LeaveReason): string | undefined;
  /** Whether clients receive the frames of the room's typing topic. */
  readonly typing: boolean;
}

/** The socket of a membership. */
export interface MemberSession {
  readonly context: { readonly hub: Hub; readonly maxQueuedBytes: number };
  readonly frames: MembershipFrames;
  readonly user: Member;
  readonly budget: UserBudget;
  /** Undefined when it is not open. */
  readonly socket: Socket | undefined;
  /** Whether its client was asked to reconnect, and is expected to. */
  readonly reconnecting: boolean;
  /** The room does not exist any more: the session ends the membership, or itself. */
  roomDeleted(membership: RoomMembership): void;
  /** Ends the socket. */
  close(reason: CloseReason): void;
}

/**
 * A socket's stay in one room, in any protocol: it joins, receives what it missed, then what is published, until it leaves
 * or the socket ends.
 */
export class RoomMembership implements Typist {
  readonly room: LocalRoom;
  #replay: ReplayPump | undefined;
  #encode: ((message: MessageParts) => string) | undefined;

  /** Joins the room at once and uses the prepared join up. */
  constructor(
    private readonly session: MemberSession,
    join: PreparedJoin,
  ) {
    this.room = join.room;
    session.context.hub.enter(this.room, this);
    this.#answer(join);
    this.#follow(join);
  }

  get member(): Member {
    return this.session.user;
  }

  get reconnecting(): boolean {
    return this.session.reconnecting;
  }

  /** The client joined once more: other members do not notice. Uses the prepared join up. */
  rejoin(join: PreparedJoin): void {
    this.session.context.hub.abandon(join.room);
    this.stopReplay();
    // First the answer: what was published before goes out before it.
    this.#answer(join);
    if (join.replay !== undefined) this.#unsubscribe();
    this.#follow(join);
  }

  /** Ends the stay while the socket stays open. */
  leave(reason: LeaveReason): void {
    this.#send(this.session.frames.left(this.room.id, reason));
    this.#unsubscribe();
    this.end();
  }

  /** Ends the stay of a socket that is gone. */
  end(): void {
    this.stopReplay();
    this.session.context.hub.leave(this.room, this);
  }

  /** Sends no more of what was missed. */
  stopReplay(): void {
    this.#replay?.end();
    this.#replay = undefined;
  }

  /** Less is queued for the socket than before. */
  drained(): void {
    this.#replay?.run();
  }

  roomDeleted(): void {
    this.session.roomDeleted(this);
  }

  historyLost(loss: HistoryLoss): void {
    this.#send(this.session.frames.historyLost(this.room.id, loss));
  }

  /** A message of this socket, as `Broker.publish` takes it. */
  encode(message: MessageParts): string {
    this.#encode ??= messageEncoder(this.room.id, this.session.user);
    return this.#encode(message);
  }

  /**
   * Whether the room may be notified now that the user is typing; the notice is then expected, and kept from this socket.
   * @param now milliseconds of `performance.now()`
   */
  startTyping(now: number): boolean {
    if (!this.session.budget.typing(this.room.id, now)) return false;
    this.room.typing.set(this.session.user.id, this);
    return true;
  }

  publishTyping(frame: Uint8Array): void {
    this.session.socket?.publish(this.room.typingTopic, frame);
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

  /** Sends what was missed, if that was asked for, and then everything that is published. */
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
    if (frames.typing) socket?.subscribe(this.room.typingTopic);
  }

  #unsubscribe(): void {
    const { socket, frames } = this.session;
    socket?.unsubscribe(this.room.topic);
    if (frames.typing) socket?.unsubscribe(this.room.typingTopic);
  }

  #send(frame: string | undefined): void {
    if (frame !== undefined) this.session.socket?.send(frame);
  }
}
