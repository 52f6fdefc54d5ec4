import { BrokerUnavailableError, RoomNotFoundError } from '@chorus/broker';
import {
  CLOSE,
  type CloseReason,
  encodeBroadcast,
  encodeError,
  type Member,
  type MessageParts,
  messageEncoder,
} from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { Visitor } from './admission.js';
import type { Connection } from './connection.js';
import type { Hub, LocalRoom, Occupant } from './hub.js';
import { TokenBucket } from './token-bucket.js';
import type { Session, Socket } from './transport.js';

/** What all seed sockets of a node share. */
export interface SeedContext {
  hub: Hub;
  /** Numbers, stores and publishes a message body; rejects as `Broker.publish` does. */
  publish(roomId: number, body: string): Promise<unknown>;
  /** An id that no other message of the cluster has. */
  nextMessageId(): string;
  maxMessagesPerSecond: number;
  log: Logger;
}

/** A socket of the seed contract: in one room, sends plain text, receives the room's frames. */
export class SeedSession implements Session, Occupant, Connection {
  #socket: Socket | undefined;
  readonly #bucket: TokenBucket;
  readonly #encode: (message: MessageParts) => string;

  constructor(
    private readonly context: SeedContext,
    private readonly room: LocalRoom,
    private readonly visitor: Visitor,
  ) {
    this.#encode = messageEncoder(room.id, visitor.user);
    this.#bucket = new TokenBucket(context.maxMessagesPerSecond, Date.now());
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

  get expiresAt(): number | undefined {
    return this.visitor.token?.expiresAt;
  }

  get roomIds(): readonly number[] {
    return [this.room.id];
  }

  opened(socket: Socket): void {
    this.#socket = socket;
    socket.subscribe(this.room.topic);
    this.context.hub.enter(this.room, this);
    this.visitor.seat.open(this);
    this.context.log.debug({ roomId: this.room.id, userId: this.member.id }, 'socket opened');
  }

  received(text: string): void {
    const now = Date.now();
    if (!this.#bucket.take(now)) {
      this.close(CLOSE.tooManyMessages);
      return;
    }
    const body = this.#encode({ content: text, id: this.context.nextMessageId(), sentAt: now });
    this.context.publish(this.room.id, body).catch((error: unknown) => this.#refused(error));
  }

  close(reason: CloseReason): void {
    this.context.log.info(
      { roomId: this.room.id, userId: this.member.id, code: reason.code, reason: reason.reason },
      'socket closed by the gateway',
    );
    this.#socket?.close(reason);
  }

  sendAway(): void {
    this.#socket?.close(CLOSE.restart);
  }

  expel(roomId: number): void {
    if (roomId === this.room.id) this.close(CLOSE.disconnected);
  }

  broadcast(content: string): void {
    this.#socket?.send(encodeBroadcast(this.room.id, content));
  }

  closed(code: number): void {
    const { hub, log } = this.context;
    this.visitor.seat.leave();
    if (this.#socket === undefined) hub.abandon(this.room);
    else hub.leave(this.room, this);
    this.#socket = undefined;
    log.debug({ roomId: this.room.id, userId: this.member.id, code }, 'socket closed');
  }

  /** Tells the sender, and nobody else, that a message went nowhere. */
  #refused(error: unknown): void {
    if (error instanceof RoomNotFoundError) {
      this.#socket?.send(encodeError(this.room.id, 'the room was deleted', false));
    } else if (error instanceof BrokerUnavailableError) {
      this.#socket?.send(
        encodeError(this.room.id, 'the chat is not available at the moment, try again', true),
      );
    } else {
      this.context.log.error({ err: error, roomId: this.room.id }, 'publish failed');
      this.#socket?.send(encodeError(this.room.id, 'internal error', true));
    }
  }
}
