import type { AccessList, MembershipList } from '@chorus/control';
import type { BeforePublish, MessageText } from '@chorus/hook';
import {
  CLOSE,
  type CloseReason,
  checkParts,
  encodeBroadcast,
  encodeError,
  encodeRecovery,
  encodeRefused,
  isStorable,
  type Member,
  type MessageLimits,
  type MessageRefusal,
  type PlainErrorCode,
  type Position,
  Refusal,
  type TextDetails,
} from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { AdmittedClient } from '../connections/admission.js';
import type { Connection, RemovalCause } from '../connections/connection.js';
import { requestReconnect } from '../connections/request-reconnect.js';
import { TokenBucket } from '../connections/token-bucket.js';
import type { UserBudget } from '../connections/user-budget.js';
import type { Hub } from '../rooms/hub.js';
import { AccessDeniedError, abandonJoin, type PreparedJoin } from '../rooms/prepared-join.js';
import type { GatewayCounters } from '../telemetry/counters.js';
import type { Session, Socket } from '../transport/transport.js';
import { admitMessage } from './admit-message.js';
import { refusalCode } from './refusal-code.js';
import { type MemberSession, type MembershipFrames, RoomMembership } from './room-membership.js';

/** What all plain sockets of a node share. */
export interface PlainContext {
  hub: Hub;
  access: Pick<AccessList, 'checkRooms'>;
  memberships: Pick<MembershipList, 'takeTurn'>;
  /** Numbers, stores and publishes a message body; rejects as `Broker.publish` does. */
  publish(roomId: number, body: string): Promise<Position>;
  messageLimits: MessageLimits;
  /** Undefined: there is no before-publish hook. */
  hook: Pick<BeforePublish, 'submit'> | undefined;
  /** Returns an id that no other message of the cluster has. */
  nextMessageId(): string;
  maxMessagesPerSecond: number;
  maxQueuedBytes: number;
  counters: GatewayCounters;
  log: Logger;
}

/** The plain protocol has one frame for a failed resume, without the reason or the extent of the loss. */
const FRAMES: MembershipFrames = {
  joined: ({ roomId, at, resumes, recovered }) =>
    resumes ? encodeRecovery(roomId, at, recovered) : undefined,
  historyLost: () => undefined,
  left: () => undefined,
  v1: false,
};

/** A plain socket: in one room, sends plain text, receives the room's frames. */
export class PlainSession implements Session, MemberSession, Connection {
  readonly #roomId: number;
  readonly #bucket: TokenBucket;
  /** Rate limit of WebSocket pings; created on the first ping, which few clients send. */
  #pings: TokenBucket | undefined;
  #socket: Socket | undefined;
  /** Prepared join; used up when the socket opens. */
  #join: PreparedJoin | undefined;
  /** Undefined until the socket opens. */
  #membership: RoomMembership | undefined;

  constructor(
    readonly context: PlainContext,
    private readonly client: AdmittedClient,
    join: PreparedJoin,
  ) {
    this.#roomId = join.room.id;
    this.#join = join;
    this.#bucket = new TokenBucket(context.maxMessagesPerSecond);
  }

  get frames(): MembershipFrames {
    return FRAMES;
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

  /** Undefined unless it is open. */
  get socket(): Socket | undefined {
    return this.#socket;
  }

  get address(): string {
    return this.client.slot.address;
  }

  get tokenId(): string | undefined {
    return this.client.token?.tokenId;
  }

  get generation(): number | undefined {
    return this.client.token?.generation;
  }

  get expiresAt(): number | undefined {
    return this.client.token?.expiresAt;
  }

  get queuedBytes(): number {
    return this.#socket?.queuedBytes ?? 0;
  }

  get roomIds(): readonly number[] {
    return [this.#roomId];
  }

  opened(socket: Socket): void {
    this.#socket = socket;
    if (this.#join !== undefined) this.#enter(this.#join);
    this.#join = undefined;
    this.context.log.debug({ roomId: this.#roomId, userId: this.user.id }, 'socket opened');
    // Runs last: applies actions on the user that were requested meanwhile.
    this.client.slot.open(this);
  }

  received(text: string, bytes: number): void {
    const { counters } = this.context;
    const now = performance.now();
    counters.messagesIn++;
    if (!this.#bucket.take(now)) {
      counters.messagesRefused.too_many_messages++;
      this.close(CLOSE.tooManyMessages);
      return;
    }
    if (!this.budget.message(bytes, now)) {
      // Not closed: another socket of the user may have used the budget.
      counters.messagesRefused.too_many_messages++;
      this.#refuse('too_many_messages');
      return;
    }
    if (!isStorable(text)) {
      counters.messagesRefused.bad_content++;
      this.#refuse('bad_content');
      return;
    }
    const membership = this.#membership;
    if (membership === undefined) return;
    const checked = membership.checked();
    if (checked === undefined) this.#send(membership, text);
    else
      checked.then(
        () => this.#send(membership, text),
        (error: unknown) => this.#failed(error),
      );
  }

  #send(membership: RoomMembership, text: string): void {
    const { counters } = this.context;
    admitMessage(this.context.memberships, membership, this.user, undefined, {
      refuse: (code, ms) => {
        counters.messagesRefused[code]++;
        this.#refuse(code, Math.ceil(ms / 1_000));
      },
      failed: (error) => this.#failed(error),
      admitted: () => this.#publish(membership, text),
    });
  }

  #publish(membership: RoomMembership, text: string): void {
    const { hook, messageLimits, nextMessageId } = this.context;
    const id = nextMessageId();
    const publish = (to: MessageText): Promise<Position> =>
      this.context.publish(this.#roomId, membership.encode({ ...to, id, sentAt: Date.now() }));
    const sent =
      hook === undefined
        ? publish({ content: text })
        : hook.submit({
            draft: { type: 'send', id, roomId: this.#roomId, user: this.user, content: text },
            key: undefined,
            check: (changed) => checkParts(changed, messageLimits, membership.roomUser),
            publish: async (to) => membership.refusal ?? publish(to),
          });
    sent.then(
      (result) => {
        if (result instanceof Refusal) this.#refuseAs(result);
        else this.context.counters.acks++;
      },
      (error: unknown) => this.#failed(error),
    );
  }

  stale(): void {
    requestReconnect(this.client.slot, 'standstill');
  }

  pinged(): void {
    const now = performance.now();
    this.#pings ??= new TokenBucket(this.context.maxMessagesPerSecond, now);
    if (!this.#pings.take(now) || !this.client.budget.request(now)) this.close(CLOSE.tooManyMessages);
  }

  drained(): void {
    this.#membership?.drained();
  }

  close(reason: CloseReason): void {
    this.context.log.info(
      { roomId: this.#roomId, userId: this.user.id, code: reason.code, reason: reason.reason },
      'socket closed by the gateway',
    );
    this.#membership?.closing(reason);
    this.#socket?.close(reason);
  }

  get reconnecting(): boolean {
    return this.client.slot.reconnecting;
  }

  requestReconnect(): void {
    this.#socket?.close(CLOSE.restart);
  }

  removeFromRoom(roomId: number, why: RemovalCause): void {
    if (roomId !== this.#roomId) return;
    if (why !== 'removed') this.close(CLOSE.disconnected);
    else if (this.#membership !== undefined && this.#membership.room.kind !== 'public') this.removed();
  }

  broadcast(content: string): void {
    this.#socket?.send(encodeBroadcast(this.#roomId, content));
  }

  /** Receives nothing more at once: closing takes a moment. */
  removed(): void {
    this.#membership?.leave('removed');
    this.#membership = undefined;
    this.close(CLOSE.removed);
  }

  roomDeleted(): void {
    this.close(CLOSE.roomDeleted);
  }

  closed(code: number): void {
    const { hub, log } = this.context;
    this.#socket = undefined;
    if (this.#join !== undefined) abandonJoin(hub, this.#join);
    this.#join = undefined;
    this.#membership?.end();
    this.client.slot.release();
    log.debug({ roomId: this.#roomId, userId: this.user.id, code }, 'socket closed');
  }

  #enter(join: PreparedJoin): void {
    if (join.ticket.isVoid) {
      abandonJoin(this.context.hub, join);
      this.close(CLOSE.restart);
    } else this.#membership = new RoomMembership(this, join);
  }

  /** Notifies only the sender that a message was not published. */
  #failed(error: unknown): void {
    if (error instanceof AccessDeniedError) {
      this.close(error.verdict === 'revoked' ? CLOSE.unauthenticated : CLOSE.disconnected);
      return;
    }
    const code = refusalCode(error);
    if (code === 'internal') this.context.log.error({ err: error, roomId: this.#roomId }, 'publish failed');
    this.context.counters.messagesRefused[code]++;
    this.#refuse(code);
  }

  #refuseAs(refusal: MessageRefusal): void {
    this.context.counters.messagesRefused[refusal.code]++;
    this.#socket?.send(encodeRefused(this.#roomId, refusal));
  }

  #refuse<Code extends PlainErrorCode>(code: Code, ...details: TextDetails<Code>): void {
    this.#socket?.send(encodeError(this.#roomId, code, ...details));
  }
}
