import type {
  ControlEvent,
  EntryFilter,
  HistoryLoss,
  Replay,
  RoomFeedRegistry,
  RoomListener,
} from '@chorus/broker';
import type { PresenceTracker } from '@chorus/presence';
import { isChangeFrame, type Position, type RoomRenamedFrame } from '@chorus/protocol';
import type { GatewayCounters } from '../telemetry/counters.js';
import type { MessageTracer } from '../telemetry/message-tracer.js';
import type { Timings } from '../telemetry/timings.js';
import type { Transport } from '../transport/transport.js';
import { sendDelivered } from './acks.js';
import { type LocalRoom, newLocalRoom, type RoomSubscriber } from './local-room.js';
import { applyMemberChange, memberChangeOf } from './members/changes.js';
import type { MemberChecks } from './members/checks.js';
import { isReadReceipt } from './read-receipt.js';
import { RoomListWatch } from './room-list-watch.js';
import { typistOf } from './typing-notice.js';
import type { WatermarkRegistry } from './watermark-registry.js';

/** The rooms in use on this node: joins sockets to them and publishes arrivals to their sockets. */
export class Hub implements RoomListener {
  readonly #rooms = new Map<number, LocalRoom>();
  readonly roomList: RoomListWatch;

  constructor(
    private readonly parts: {
      feeds: RoomFeedRegistry;
      presence: PresenceTracker;
      watermarks: WatermarkRegistry;
      memberChecks: Pick<MemberChecks, 'check'>;
      counters: GatewayCounters;
      timings: Pick<Timings, 'delivered'>;
      traces: Pick<MessageTracer, 'delivered'> | undefined;
      transport: Pick<Transport, 'publish'>;
    },
  ) {
    this.roomList = new RoomListWatch(parts);
  }

  /** Number of rooms with subscribers or joins in progress. */
  get size(): number {
    return this.#rooms.size;
  }

  /**
   * Prepares a join: once resolved, every message of the room reaches this node. Each call needs one {@link enter} and
   * {@link leave}, or one {@link abandon}.
   *
   * @throws {RoomNotFoundError} {UnavailableError}
   */
  async admit(roomId: number): Promise<LocalRoom> {
    await this.parts.feeds.acquire(roomId);
    return this.#admitted(roomId);
  }

  /** Like {@link admit}, at once, for a room whose messages reach this node already; undefined for any other. */
  admitNow(roomId: number): LocalRoom | undefined {
    return this.parts.feeds.acquireNow(roomId) ? this.#admitted(roomId) : undefined;
  }

  abandon(room: LocalRoom): void {
    this.parts.feeds.release(room.id);
    if (--room.admitted === 0 && this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
  }

  enter(room: LocalRoom, subscriber: RoomSubscriber): void {
    room.subscribers.add(subscriber);
    if (subscriber.v1) room.v1Subscribers++;
    this.parts.counters.joins++;
    if (room.deleted) subscriber.roomDeleted();
    else this.parts.presence.enter(room.id, subscriber.member);
  }

  leave(room: LocalRoom, subscriber: RoomSubscriber): void {
    if (room.typing.get(subscriber.member.id) === subscriber) room.typing.delete(subscriber.member.id);
    if (room.subscribers.delete(subscriber)) {
      if (subscriber.v1) room.v1Subscribers--;
      this.parts.counters.leaves++;
      if (!room.deleted) this.parts.presence.exit(room.id, subscriber.member, subscriber.reconnecting);
    }
    this.abandon(room);
  }

  /**
   * Position up to which the room was delivered: a socket that subscribes to the topic now receives every later
   * message.
   */
  position(room: LocalRoom): Position {
    return this.parts.feeds.position(room.id) ?? { epoch: 0, seq: 0 };
  }

  /** See `RoomFeedRegistry.expiredUpTo`. */
  expiredUpTo(room: LocalRoom): number | undefined {
    return this.parts.feeds.expiredUpTo(room.id);
  }

  /** See `RoomFeedRegistry.replay`. */
  replay(room: LocalRoom, since: Position, entries: EntryFilter): Promise<Replay | undefined> {
    return this.parts.feeds.replay(room.id, since, entries);
  }

  /** See `RoomFeedRegistry.lossSince`. */
  lossSince(room: LocalRoom, since: Position): HistoryLoss | undefined {
    return this.parts.feeds.lossSince(room.id, since);
  }

  /** Publishes the next message of a room to every socket in it, once. */
  onMessage(roomId: number, position: Position, frame: Uint8Array): void {
    const { transport, counters, timings, traces } = this.parts;
    const room = this.#rooms.get(roomId);
    if (room !== undefined) {
      // A socket receives frames of both topics in the order in which they are published.
      if (isChangeFrame(frame)) this.#deliverChange(room, frame);
      else {
        transport.publish(room.topic, frame);
        counters.messagesOut += this.#count(room, frame);
      }
      if (room.acks !== undefined) sendDelivered(room, position);
    }
    timings.delivered(frame);
    traces?.delivered(roomId, position, room?.subscribers.size ?? 0);
  }

  /** Publishes a frame without a position. Typing notices and read receipts go only to sockets of `chorus.v1`. */
  onNotice(roomId: number, frame: Uint8Array): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    const typist = typistOf(frame);
    if (isReadReceipt(frame)) this.#publishV1(room, frame);
    else if (typist === undefined) {
      this.parts.transport.publish(room.topic, frame);
      this.#count(room, frame);
    } else this.#deliverTyping(room, typist, frame);
  }

  async checkMembers(roomId: number): Promise<void> {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    room.unchecked = true;
    await this.parts.memberChecks.check(room);
    room.unchecked = false;
  }

  /** Whether users may be in the room who are not members any more. */
  isUnchecked(roomId: number): boolean {
    return this.#rooms.get(roomId)?.unchecked ?? false;
  }

  /** Messages are lost for this node: the next delivery is of a later message. */
  onLost(roomId: number, loss: HistoryLoss): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    for (const subscriber of room.subscribers) subscriber.historyLost(loss);
  }

  /** Messages up to that position are in the database. */
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
      case 'room-listed':
      case 'room-unlisted':
        this.roomList.control(event);
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

  #admitted(roomId: number): LocalRoom {
    let room = this.#rooms.get(roomId);
    if (room === undefined) {
      room = newLocalRoom(roomId, this.parts.feeds.kind(roomId), this.parts.watermarks.open(roomId));
      this.#rooms.set(roomId, room);
    }
    room.admitted++;
    return room;
  }

  /** Counts a frame that was published to a room's topic. @returns number of sockets of the topic */
  #count(room: LocalRoom, frame: Uint8Array): number {
    const sockets = room.subscribers.size - room.catchingUp;
    this.parts.counters.bytesOut += sockets * frame.byteLength;
    return sockets;
  }

  /** Plain sockets receive no changes. */
  #deliverChange(room: LocalRoom, frame: Uint8Array): void {
    this.#publishV1(room, frame);
    const change = memberChangeOf(frame);
    if (change !== undefined) applyMemberChange(room, change);
  }

  #publishV1(room: LocalRoom, frame: Uint8Array): void {
    this.parts.transport.publish(room.v1Topic, frame);
    // At most: those that catch up are not told apart by protocol.
    this.parts.counters.bytesOut += room.v1Subscribers * frame.byteLength;
  }

  #deliverTyping(room: LocalRoom, userId: number, frame: Uint8Array): void {
    const own = room.typing.get(userId);
    room.typing.delete(userId);
    if (own === undefined) this.parts.transport.publish(room.v1Topic, frame);
    else own.publishTyping(frame);
  }

  /** Announces a new name to `chorus.v1` sockets only: plain sockets never learn a room's name. */
  #announceName(roomId: number, name: string): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    const frame: RoomRenamedFrame = { type: 'room-renamed', roomId, name };
    this.parts.transport.publish(room.v1Topic, Buffer.from(JSON.stringify(frame)));
  }

  #deleteRoom(roomId: number): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    room.deleted = true;
    // A room that is created later under this id is another room.
    this.#rooms.delete(roomId);
    this.parts.presence.forgetRoom(roomId);
    for (const subscriber of room.subscribers) subscriber.roomDeleted();
  }
}
