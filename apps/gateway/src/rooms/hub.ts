import type { ControlEvent, HistoryLoss, Replay, RoomFeedRegistry, RoomListener } from '@chorus/broker';
import type { PresenceTracker } from '@chorus/presence';
import type { Member, Position, RoomRenamedFrame } from '@chorus/protocol';
import type { GatewayCounters } from '../telemetry/counters.js';
import type { MessageTraces } from '../telemetry/message-traces.js';
import type { Timings } from '../telemetry/timings.js';
import type { Transport } from '../transport/transport.js';
import { type AckedRoom, sendDelivered } from './acks.js';
import { typistOf } from './typing-notice.js';
import type { Watermark } from './watermark.js';
import type { WatermarkRegistry } from './watermark-registry.js';

/** Somebody's stay in a room through this node. */
export interface RoomSubscriber {
  readonly member: Member;
  /** Its client was asked to reconnect. */
  readonly reconnecting: boolean;
  /** The room is gone, and so is everybody's stay. */
  roomDeleted(): void;
  /** Messages will not be delivered here. */
  historyLost(loss: HistoryLoss): void;
}

/** A subscriber whose user is typing. */
export interface Typist extends RoomSubscriber {
  /** Hands the notice out to everybody but itself. */
  publishTyping(frame: Uint8Array): void;
}

/** A room that is in use on this node. */
export interface LocalRoom extends AckedRoom {
  /** What sockets subscribe to, to receive the room's frames. */
  readonly topic: string;
  /** What those subscribe to, besides, that want to know who is typing. */
  readonly typingTopic: string;
  readonly watermark: Watermark;
  readonly subscribers: Set<RoomSubscriber>;
  /** Occupants that are still sent what they missed, and do not receive what is published. */
  catchingUp: number;
  /** Occupants that are typing, by their user, until their own notice has come back. */
  readonly typing: Map<number, Typist>;
  /** Admissions that were not given back yet. */
  admitted: number;
  deleted: boolean;
}

/** Which sockets of this node are in which room, and what reaches them. */
export class Hub implements RoomListener {
  readonly #rooms = new Map<number, LocalRoom>();

  constructor(
    private readonly parts: {
      feeds: RoomFeedRegistry;
      presence: PresenceTracker;
      watermarks: WatermarkRegistry;
      counters: GatewayCounters;
      timings: Pick<Timings, 'delivered'>;
      traces: Pick<MessageTraces, 'delivered'> | undefined;
      transport: Pick<Transport, 'publish'>;
    },
  ) {}

  /** Rooms with somebody in them, or about to be. */
  get size(): number {
    return this.#rooms.size;
  }

  /**
   * Prepares to enter a room: once resolved, every message of the room reaches this node. Each call
   * needs one {@link enter} and {@link leave}, or one {@link abandon}.
   *
   * @throws {RoomNotFoundError} {UnavailableError}
   */
  async admit(roomId: number): Promise<LocalRoom> {
    await this.parts.feeds.acquire(roomId);
    let room = this.#rooms.get(roomId);
    if (room === undefined) {
      room = {
        id: roomId,
        topic: String(roomId),
        typingTopic: `${roomId}/typing`,
        watermark: this.parts.watermarks.open(roomId),
        subscribers: new Set(),
        catchingUp: 0,
        typing: new Map(),
        acks: undefined,
        admitted: 0,
        deleted: false,
      };
      this.#rooms.set(roomId, room);
    }
    room.admitted++;
    return room;
  }

  abandon(room: LocalRoom): void {
    this.parts.feeds.release(room.id);
    if (--room.admitted === 0 && this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
  }

  enter(room: LocalRoom, subscriber: RoomSubscriber): void {
    room.subscribers.add(subscriber);
    this.parts.counters.joins++;
    if (room.deleted) subscriber.roomDeleted();
    else this.parts.presence.enter(room.id, subscriber.member);
  }

  leave(room: LocalRoom, subscriber: RoomSubscriber): void {
    if (room.typing.get(subscriber.member.id) === subscriber) room.typing.delete(subscriber.member.id);
    if (room.subscribers.delete(subscriber)) {
      this.parts.counters.leaves++;
      if (!room.deleted) this.parts.presence.exit(room.id, subscriber.member, subscriber.reconnecting);
    }
    this.abandon(room);
  }

  /** Up to where the room has been delivered: who subscribes to its topic now receives what follows. */
  position(room: LocalRoom): Position {
    return this.parts.feeds.position(room.id) ?? { epoch: 0, seq: 0 };
  }

  /** See `RoomFeedRegistry.replay`. */
  replay(room: LocalRoom, since: Position): Promise<Replay | undefined> {
    return this.parts.feeds.replay(room.id, since);
  }

  /** See `RoomFeedRegistry.lossSince`. */
  lossSince(room: LocalRoom, since: Position): HistoryLoss | undefined {
    return this.parts.feeds.lossSince(room.id, since);
  }

  /** The next message of a room: to every socket in it, once. */
  onMessage(roomId: number, position: Position, frame: Uint8Array): void {
    const { transport, counters, timings, traces } = this.parts;
    const room = this.#rooms.get(roomId);
    if (room !== undefined) {
      transport.publish(room.topic, frame);
      counters.messagesOut += this.#count(room, frame);
      if (room.acks !== undefined) sendDelivered(room, position);
    }
    timings.delivered(frame);
    traces?.delivered(roomId, position, room?.subscribers.size ?? 0);
  }

  /** A frame without a position. Who is typing is for the sockets that asked for that. */
  onNotice(roomId: number, frame: Uint8Array): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    const typist = typistOf(frame);
    if (typist === undefined) {
      this.parts.transport.publish(room.topic, frame);
      this.#count(room, frame);
    } else this.#deliverTyping(room, typist, frame);
  }

  /** Messages are not delivered on this node: what is delivered next comes after them. */
  onLost(roomId: number, loss: HistoryLoss): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    for (const subscriber of room.subscribers) subscriber.historyLost(loss);
  }

  /** Everything up to there is in the database. */
  onStored(roomId: number, upTo: Position): void {
    this.#rooms.get(roomId)?.watermark.rise(upTo);
  }

  control(event: ControlEvent): void {
    switch (event.type) {
      case 'room-deleted':
        this.#deleteRoom(event.roomId);
        break;
      case 'room-renamed':
        this.#announceName(event.roomId, event.name);
        break;
      case 'token-revoked':
      case 'user-disconnected':
      case 'user-banned':
      case 'node-drain':
      case 'rebalance':
      case 'broadcast':
        break;
      default:
        event satisfies never;
    }
  }

  /** What was published to a room's topic. @returns how many sockets it was for */
  #count(room: LocalRoom, frame: Uint8Array): number {
    const sockets = room.subscribers.size - room.catchingUp;
    this.parts.counters.bytesOut += sockets * frame.byteLength;
    return sockets;
  }

  #deliverTyping(room: LocalRoom, userId: number, frame: Uint8Array): void {
    const own = room.typing.get(userId);
    room.typing.delete(userId);
    if (own === undefined) this.parts.transport.publish(room.typingTopic, frame);
    else own.publishTyping(frame);
  }

  /** To `chorus.v1` sockets only: plain ones never learned the room's name. */
  #announceName(roomId: number, name: string): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    const frame: RoomRenamedFrame = { type: 'room-renamed', roomId, name };
    this.parts.transport.publish(room.typingTopic, Buffer.from(JSON.stringify(frame)));
  }

  #deleteRoom(roomId: number): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    room.deleted = true;
    // A room of the same id that is created later is another room.
    this.#rooms.delete(roomId);
    this.parts.presence.forgetRoom(roomId);
    for (const subscriber of room.subscribers) subscriber.roomDeleted();
  }
}
