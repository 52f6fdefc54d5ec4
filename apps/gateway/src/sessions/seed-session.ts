import {
  CLOSE,
  type CloseReason,
  ERRORS,
  encodeBroadcast,
  encodeError,
  encodeRecovery,
  isStorable,
  type Member,
  type MessageParts,
  messageEncoder,
} from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { Visitor } from '../connections/admission.js';
import type { Connection } from '../connections/connection.js';
import { sendAway } from '../connections/send-away.js';
import { TokenBucket } from '../connections/token-bucket.js';
import { abandonEntry, type Entry } from '../rooms/entry.js';
import type { Hub, LocalRoom, Occupant } from '../rooms/hub.js';
import { ReplayPump } from '../rooms/replay-pump.js';
import type { GatewayCounters } from '../telemetry/counters.js';
import type { Session, Socket } from '../transport/transport.js';
import { refusalCode } from './refusal-code.js';

/** What all seed sockets of a node share. */
export interface SeedContext {
  hub: Hub;
  /** Numbers, stores and publishes a message body; rejects as `Broker.publish` does. */
  publish(roomId: number, body: string): Promise<unknown>;
  /** An id that no other message of the cluster has. */
  nextMessageId(): string;
  maxMessagesPerSecond: number;
  maxQueuedBytes: number;
  counters: GatewayCounters;
  log: Logger;
}

/** A socket of the seed contract: in one room, sends plain text, receives the room's frames. */
export class SeedSession implements Session, Occupant, Connection {
  readonly #room: LocalRoom;
  readonly #bucket: TokenBucket;
  /** WebSocket pings, which few clients send. */
  #pings: TokenBucket | undefined;
  #socket: Socket | undefined;
  /** How it comes in; used up when it has opened. */
  #entry: Entry | undefined;
  #pump: ReplayPump | undefined;
  #encode: ((message: MessageParts) => string) | undefined;

  constructor(
    private readonly context: SeedContext,
    private readonly visitor: Visitor,
    entry: Entry,
  ) {
    this.#room = entry.room;
    this.#entry = entry;
    this.#bucket = new TokenBucket(context.maxMessagesPerSecond);
  }

  get id(): string {
    return this.visitor.seat.id;
  }

  get user(): Member {
    return this.visitor.user;
  }

  get member(): Member {
    return this.visitor.user;
  }

  get address(): string {
    return this.visitor.seat.address;
  }

  get tokenId(): string | undefined {
    return this.visitor.token?.tokenId;
  }

  get generation(): number | undefined {
    return this.visitor.token?.generation;
  }

  get expiresAt(): number | undefined {
    return this.visitor.token?.expiresAt;
  }

  get queuedBytes(): number {
    return this.#socket?.queuedBytes ?? 0;
  }

  get roomIds(): readonly number[] {
    return [this.#room.id];
  }

  opened(socket: Socket): void {
    this.#socket = socket;
    this.context.hub.enter(this.#room, this);
    if (this.#entry !== undefined) this.#follow(socket, this.#entry);
    this.#entry = undefined;
    this.context.log.debug({ roomId: this.#room.id, userId: this.member.id }, 'socket opened');
    // Last: what happened to the user meanwhile happens to the socket now.
    this.visitor.seat.open(this);
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
    if (!this.visitor.budget.message(bytes, now)) {
      // Not closed: another socket of the user may be the one in a hurry.
      counters.messagesRefused.too_many_messages++;
      this.#refuse(ERRORS.too_many_messages.error, true);
      return;
    }
    if (!isStorable(text)) {
      counters.messagesRefused.bad_content++;
      this.#refuse(ERRORS.bad_content.error, false);
      return;
    }
    this.#encode ??= messageEncoder(this.#room.id, this.member);
    const body = this.#encode({ content: text, id: this.context.nextMessageId(), sentAt: Date.now() });
    this.context.publish(this.#room.id, body).then(
      () => counters.acks++,
      (error: unknown) => this.#failed(error),
    );
  }

  stale(): void {
    sendAway(this.visitor.seat, 'standstill');
  }

  pinged(): void {
    const now = performance.now();
    this.#pings ??= new TokenBucket(this.context.maxMessagesPerSecond, now);
    if (!this.#pings.take(now) || !this.visitor.budget.request(now)) this.close(CLOSE.tooManyMessages);
  }

  drained(): void {
    this.#pump?.run();
  }

  close(reason: CloseReason): void {
    this.context.log.info(
      { roomId: this.#room.id, userId: this.member.id, code: reason.code, reason: reason.reason },
      'socket closed by the gateway',
    );
    this.#pump?.end();
    this.#socket?.close(reason);
  }

  get sentAway(): boolean {
    return this.visitor.seat.sentAway;
  }

  sendAway(): void {
    this.#socket?.close(CLOSE.restart);
  }

  expel(roomId: number): void {
    if (roomId === this.#room.id) this.close(CLOSE.disconnected);
  }

  broadcast(content: string): void {
    this.#socket?.send(encodeBroadcast(this.#room.id, content));
  }

  roomDeleted(): void {
    this.close(CLOSE.roomDeleted);
  }

  /** The seed contract has no word for it: what is missing is in the history, or nowhere. */
  historyLost(): void {}

  closed(code: number): void {
    const { hub, log } = this.context;
    this.#pump?.end();
    this.#socket = undefined;
    if (this.#entry === undefined) hub.leave(this.#room, this);
    else abandonEntry(hub, this.#entry);
    this.#entry = undefined;
    this.visitor.seat.leave();
    log.debug({ roomId: this.#room.id, userId: this.member.id, code }, 'socket closed');
  }

  /** From now on it receives what is published in the room; before that, what it has missed if it asked. */
  #follow(socket: Socket, { room, since, replay }: Entry): void {
    if (since !== undefined) {
      const at = replay?.upTo ?? this.context.hub.position(room);
      socket.send(encodeRecovery(room.id, at, replay !== undefined));
    }
    if (replay === undefined) {
      socket.subscribe(room.topic);
      return;
    }
    this.#pump = new ReplayPump({
      socket,
      replay,
      maxQueuedBytes: this.context.maxQueuedBytes,
      budget: this.visitor.budget,
      room,
      onDone: () => {
        this.#pump = undefined;
        socket.subscribe(room.topic);
      },
      onTooSlow: () => this.close(CLOSE.slowReader),
    });
    this.#pump.run();
  }

  /** Tells the sender, and nobody else, that a message went nowhere. */
  #failed(error: unknown): void {
    const code = refusalCode(error);
    if (code === 'internal') this.context.log.error({ err: error, roomId: this.#room.id }, 'publish failed');
    this.context.counters.messagesRefused[code]++;
    const { error: text, retry } = ERRORS[code];
    this.#refuse(code === 'unknown_room' ? 'the room was deleted' : text, retry);
  }

  #refuse(error: string, retry: boolean): void {
    this.#socket?.send(encodeError(this.#room.id, error, retry));
  }
}
