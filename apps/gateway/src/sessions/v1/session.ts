import type { VerifiedToken } from '@chorus/auth';
import {
  CLOSE,
  type CloseReason,
  type ErrorCode,
  encodeBroadcast,
  type Member,
  type MessageRefusal,
  type Position,
  type TextDetails,
  v1Error,
  v1Refused,
} from '@chorus/protocol';
import type { AdmittedClient } from '../../connections/admission.js';
import type { Connection, RemovalCause } from '../../connections/connection.js';
import { requestReconnect } from '../../connections/request-reconnect.js';
import type { UserBudget } from '../../connections/user-budget.js';
import type { Ack } from '../../rooms/acks.js';
import { abandonJoin, type PreparedJoin } from '../../rooms/prepared-join.js';
import type { Waiter } from '../../rooms/watermark.js';
import type { Session, Socket } from '../../transport/transport.js';
import { MembershipMap } from '../membership-map.js';
import { refusalCode } from '../refusal-code.js';
import {
  type LeaveReason,
  type MemberSession,
  type MembershipFrames,
  RoomMembership,
} from '../room-membership.js';
import { RoomQueue } from '../room-queue.js';
import type { About, CommandSession } from './commands/command-session.js';
import { perform } from './commands/perform.js';
import { isEntry, readFrame, typeOf } from './commands/read-frame.js';
import type { V1Context } from './context.js';
import { FrameLimits } from './frame-limits.js';
import { encodeAck, encodeReconnect, encodeStored, encodeWelcome, V1_FRAMES } from './frames.js';

/** A `chorus.v1` socket: in any number of rooms, sends and receives JSON frames. */
export class V1Session implements Session, Connection, MemberSession, CommandSession, Waiter {
  /** Rooms that the socket has joined. */
  readonly rooms = new MembershipMap();
  readonly queue = new RoomQueue();
  readonly changes = new RoomQueue();
  #socket: Socket | undefined;
  #token: VerifiedToken | undefined;
  readonly #limits: FrameLimits;
  /** Rooms from which the user was banned during a join. */
  #banned: Set<number> | undefined;

  /** @param first the room that the socket was opened for, if any */
  constructor(
    readonly context: V1Context,
    private readonly client: AdmittedClient,
    private first?: PreparedJoin | undefined,
  ) {
    this.#token = client.token;
    this.#limits = new FrameLimits(context.limits.maxMessagesPerSecond, client.budget);
  }

  get frames(): MembershipFrames {
    return V1_FRAMES;
  }

  get id(): string {
    return this.client.slot.id;
  }

  get user(): Member {
    return this.client.user;
  }

  get budget(): UserBudget {
    return this.client.budget;
  }

  get address(): string {
    return this.client.slot.address;
  }

  get tokenId(): string | undefined {
    return this.#token?.tokenId;
  }

  get generation(): number | undefined {
    return this.#token?.generation;
  }

  get expiresAt(): number | undefined {
    return this.#token?.expiresAt;
  }

  get queuedBytes(): number {
    return this.#socket?.queuedBytes ?? 0;
  }

  /** Rooms that the socket has joined or is joining. */
  get roomIds(): Iterable<number> {
    return new Set([...this.rooms.all().map(({ room }) => room.id), ...this.queue.roomIds]);
  }

  /** Undefined unless it is open. */
  get socket(): Socket | undefined {
    return this.#socket;
  }

  get open(): boolean {
    return this.#socket !== undefined;
  }

  opened(socket: Socket): void {
    this.#socket = socket;
    const { id, user, expiresAt = null, first } = this;
    this.send(encodeWelcome(id, user, expiresAt, this.context.limits));
    this.first = undefined;
    if (first !== undefined) this.join(first, { type: 'join', roomId: first.room.id });
    // Runs last: applies actions on the user that were requested meanwhile.
    this.client.slot.open(this);
    this.context.log.debug({ connectionId: id, userId: user.id }, 'socket opened');
  }

  received(text: string, bytes: number): void {
    const frame = readFrame(text);
    const isMessage = isEntry(typeOf(frame));
    if (isMessage) this.context.counters.messagesIn++;
    const verdict = this.#limits.take(isMessage, bytes, performance.now());
    if (verdict === 'flood') {
      if (isMessage) this.context.counters.messagesRefused.too_many_messages++;
      this.close(CLOSE.tooManyMessages);
    } else if (verdict === 'refused') {
      this.refuse('too_many_messages', frame.type === 'bad' ? frame.about : frame);
    } else if (frame.type === 'bad') this.refuse('bad_frame', frame.about, frame.detail);
    else perform(this, frame);
  }

  stale(): void {
    requestReconnect(this.client.slot, 'standstill');
  }

  pinged(): void {
    // Needs no answer: the library has sent the pong.
    if (!this.#limits.takePing(performance.now())) this.close(CLOSE.tooManyMessages);
  }

  /** Whether missed messages of the room may be replayed now. */
  mayReplay(roomId: number): boolean {
    return this.#limits.mayReplay(roomId, performance.now());
  }

  drained(): void {
    for (const membership of this.rooms.all()) membership.drained();
    this.context.inboxes.drained(this);
  }

  closed(code: number): void {
    const { hub, inboxes, log } = this.context;
    hub.roomList.left(this.#socket);
    inboxes.leave(this);
    this.#socket = undefined;
    if (this.first !== undefined) abandonJoin(hub, this.first);
    this.first = undefined;
    for (const membership of this.rooms.all()) {
      membership.end();
      membership.room.watermark.forget(this);
    }
    this.rooms.clear();
    this.client.slot.release();
    log.debug({ connectionId: this.id, userId: this.user.id, code }, 'socket closed');
  }

  watchRoomList(): void {
    if (this.#socket !== undefined) this.context.hub.roomList.watch(this.#socket);
  }

  send(frame: string | Uint8Array): void {
    this.#socket?.send(frame);
  }

  /** Answers a frame that had no effect. */
  refuse<Code extends ErrorCode>(
    code: Code,
    { type, roomId, clientMsgId, retryAfterMs }: About,
    ...details: TextDetails<Code>
  ): void {
    if (isEntry(type)) this.context.counters.messagesRefused[code]++;
    this.send(v1Error(code, { request: type, roomId, clientMsgId, retryAfterMs }, ...details));
  }

  /** Answers a frame that had no effect, with a refusal that the API uses too. */
  refuseAs(refusal: MessageRefusal, { type, roomId, clientMsgId }: About): void {
    if (isEntry(type)) this.context.counters.messagesRefused[refusal.code]++;
    this.send(v1Refused(refusal, { request: type, roomId, clientMsgId }));
  }

  /** Answers a frame that failed. */
  failed(error: unknown, about: About): void {
    const code = refusalCode(error);
    if (code === 'internal') {
      this.context.log.error({ err: error, request: about.type, roomId: about.roomId }, 'request failed');
    }
    this.refuse(code, about);
  }

  /** Joins synchronously, or abandons the prepared join if the room or the socket changed meanwhile. */
  join(join: PreparedJoin, frame: About): void {
    const { room, replay } = join;
    const banned = this.#banned?.delete(room.id) ?? false;
    if (join.ticket.isVoid) {
      abandonJoin(this.context.hub, join);
      this.refuse('unavailable', frame);
      return;
    }
    if (this.#socket === undefined || banned || room.deleted) {
      abandonJoin(this.context.hub, join);
      this.refuse(banned ? 'banned' : 'room_not_found', frame);
      return;
    }
    if (replay !== undefined) this.#limits.replayed(room.id, performance.now());
    const membership = this.rooms.get(room.id);
    if (membership !== undefined) membership.rejoin(join);
    else this.rooms.add(new RoomMembership(this, join));
  }

  /** Ends a membership. */
  leave(membership: RoomMembership, reason: LeaveReason): void {
    if (this.rooms.get(membership.room.id) !== membership) return;
    this.rooms.delete(membership);
    membership.leave(reason);
    membership.room.watermark.forget(this);
  }

  roomDeleted(membership: RoomMembership): void {
    this.leave(membership, 'deleted');
  }

  removed(membership: RoomMembership): void {
    this.leave(membership, 'removed');
  }

  /** Continues with a newer token. */
  renew(token: VerifiedToken): void {
    this.#token = token;
    this.client.slot.renewed();
  }

  acknowledge(ack: Ack): void {
    const { room, position } = ack;
    this.#socket?.sendAlong(encodeAck(ack));
    const membership = this.rooms.get(room.id);
    if (membership?.room === room) membership.room.watermark.await(this, position);
  }

  stored(roomId: number, upTo: Position): void {
    this.send(encodeStored(roomId, upTo));
  }

  close(reason: CloseReason): void {
    this.context.acks.flush(this);
    for (const membership of this.rooms.all()) membership.closing(reason);
    this.context.log.info(
      { connectionId: this.id, userId: this.user.id, code: reason.code, reason: reason.reason },
      'socket closed by the gateway',
    );
    this.#socket?.close(reason);
  }

  /** Whether the client was asked to reconnect. */
  get reconnecting(): boolean {
    return this.client.slot.reconnecting;
  }

  requestReconnect(afterMs: number): void {
    this.context.acks.flush(this);
    this.send(encodeReconnect(afterMs));
    this.#socket?.close(CLOSE.restart);
  }

  removeFromRoom(roomId: number, why: RemovalCause): void {
    if (why === 'banned' && this.queue.isBusy(roomId)) {
      this.#banned ??= new Set();
      this.#banned.add(roomId);
    }
    const membership = this.rooms.get(roomId);
    if (membership === undefined || (why === 'removed' && membership.room.kind === 'public')) return;
    this.leave(membership, why);
  }

  broadcast(content: string): void {
    this.send(encodeBroadcast(0, content));
  }
}
