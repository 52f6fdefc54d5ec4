import type { HistoryLoss } from '@chorus/broker';
import {
  type historyLostFrame,
  type Member,
  type MessageParts,
  messageEncoder,
  type roomLeftFrame,
} from '@chorus/protocol';
import type { z } from 'zod';
import type { UserBudget } from '../connections/user-budget.js';
import type { Entry } from '../rooms/entry.js';
import type { Hub, LocalRoom, Typist } from '../rooms/hub.js';
import { ReplayPump } from '../rooms/replay-pump.js';
import type { Waiter } from '../rooms/watermark.js';
import type { Socket } from '../transport/transport.js';

export type LeaveReason = z.infer<typeof roomLeftFrame>['reason'];

type HistoryLostFrame = z.infer<typeof historyLostFrame>;

/** The socket of a membership, as far as its stay in a room is concerned. */
export interface RoomSession extends Waiter {
  readonly context: { readonly hub: Hub; readonly maxQueuedBytes: number };
  readonly user: Member;
  readonly budget: UserBudget;
  /** Undefined when it is not open. */
  readonly socket: Socket | undefined;
  /** Whether its client was asked to come back, and is expected to. */
  readonly sentAway: boolean;
  send(frame: string): void;
  /** Ends a stay in a room. */
  leave(membership: Membership, reason: LeaveReason): void;
  /** It does not read fast enough what it has missed. */
  tooSlow(): void;
}

/** A `chorus.v1` socket's stay in one room, from `room-joined` to `room-left` or to the end of the socket. */
export class Membership implements Typist {
  readonly room: LocalRoom;
  #pump: ReplayPump | undefined;
  #encode: ((message: MessageParts) => string) | undefined;

  /** Enters the room, in this very moment. The entry is used up. */
  constructor(
    private readonly session: RoomSession,
    entry: Entry,
  ) {
    this.room = entry.room;
    this.#answer(entry);
    session.context.hub.enter(this.room, this);
    this.#follow(entry);
  }

  get member() {
    return this.session.user;
  }

  get sentAway(): boolean {
    return this.session.sentAway;
  }

  /** The client asked to join once more: nobody else notices. The entry is used up. */
  again(entry: Entry): void {
    const { hub } = this.session.context;
    hub.abandon(entry.room);
    this.#pump?.end();
    // First the answer: what was published before goes out before it.
    this.#answer(entry);
    this.#follow(entry);
  }

  /** Ends the stay while the socket goes on. */
  leave(reason: LeaveReason): void {
    const { session, room } = this;
    session.send(JSON.stringify({ type: 'room-left', roomId: room.id, reason }));
    this.#unfollow();
    this.ended();
  }

  /** The socket is gone, and the stay with it. */
  ended(): void {
    const { session, room } = this;
    this.#pump?.end();
    session.context.hub.leave(room, this);
    room.watermark.forget(session);
  }

  roomDeleted(): void {
    this.session.leave(this, 'deleted');
  }

  historyLost(loss: HistoryLoss): void {
    const frame = { type: 'history-lost', roomId: this.room.id, ...loss } satisfies HistoryLostFrame;
    this.session.send(JSON.stringify(frame));
  }

  /** Less is queued for the socket than before. */
  drained(): void {
    this.#pump?.run();
  }

  /** A message of this socket, as `Broker.publish` takes it. */
  encode(message: MessageParts): string {
    this.#encode ??= messageEncoder(this.room.id, this.session.user);
    return this.#encode(message);
  }

  /**
   * Whether it may tell now that its user is typing; then its notice is expected, and kept from itself.
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

  #answer({ room, since, replay, stored }: Entry): void {
    const recovered = since !== undefined && replay !== undefined;
    const { epoch, seq } = replay?.upTo ?? this.session.context.hub.position(room);
    const frame = { type: 'room-joined', roomId: room.id, epoch, seq, recovered, stored };
    this.session.send(JSON.stringify(frame));
    if (since === undefined || recovered) return;
    const loss = this.session.context.hub.lossSince(room, since);
    if (loss !== undefined) this.historyLost(loss);
  }

  #follow({ replay, room }: Entry): void {
    const { socket, context } = this.session;
    if (socket === undefined || replay === undefined) {
      replay?.end();
      this.#goLive();
      return;
    }
    this.#unfollow();
    this.#pump = new ReplayPump({
      socket,
      replay,
      maxQueuedBytes: context.maxQueuedBytes,
      budget: this.session.budget,
      room,
      onDone: () => this.#goLive(),
      onTooSlow: () => this.session.tooSlow(),
    });
    this.#pump.run();
  }

  #goLive(): void {
    this.#pump = undefined;
    this.session.socket?.subscribe(this.room.topic);
    this.session.socket?.subscribe(this.room.typingTopic);
  }

  #unfollow(): void {
    this.session.socket?.unsubscribe(this.room.topic);
    this.session.socket?.unsubscribe(this.room.typingTopic);
  }
}
