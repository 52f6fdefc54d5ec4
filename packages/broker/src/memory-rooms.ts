import { type Backlog, type BacklogMeasure, type HistoryLimits, MEASURED_ROOMS } from './archive-queue.js';
import { costOf } from './backlog-cost.js';
import {
  BacklogFullError,
  type BrokerListener,
  type ControlEvent,
  isAfter,
  type Position,
  type Published,
  type StoredMessage,
} from './broker.js';
import { measured } from './measured.js';
import { MemoryBacklog } from './memory-backlog.js';
import { MemoryRoom } from './memory-room.js';

type Delivery = (listener: BrokerListener) => void;

export interface MemoryRoomsOptions {
  /** Bytes of messages that may wait to be stored in the database before publishing is refused. Default: any number. */
  maxBacklogBytes?: number;
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number;
}

/** What Redis is for the Redis broker: the state that the brokers and the directory of one process share. */
export class MemoryRooms {
  readonly #rooms = new Map<number, MemoryRoom>();
  /** By room id. As in Redis, a subscription does not depend on whether there is such a room. */
  readonly #subscribers = new Map<number, Set<Mailbox>>();
  readonly #mailboxes = new Set<Mailbox>();
  #lastEpoch = 0;
  /** Whether every room of the database has been made known. */
  complete = false;
  /** When the last change of a room began. */
  readonly pending = new Map<number, number>();
  /** Work that somebody is at. */
  readonly locks = new Set<string>();
  readonly #backlog = new MemoryBacklog();

  constructor(private readonly options: MemoryRoomsOptions = {}) {}

  attach(listener: BrokerListener): Mailbox {
    const mailbox = new Mailbox(listener);
    this.#mailboxes.add(mailbox);
    return mailbox;
  }

  detach(mailbox: Mailbox): void {
    this.#mailboxes.delete(mailbox);
    for (const roomId of this.#subscribers.keys()) this.unsubscribe(roomId, mailbox);
    mailbox.close();
  }

  /** @returns whether the room was unknown until now */
  ensure(roomId: number, seq: number): boolean {
    if (this.#rooms.has(roomId)) return false;
    this.#rooms.set(roomId, new MemoryRoom({ epoch: this.#newEpoch(), seq }));
    return true;
  }

  remove(roomId: number): void {
    const room = this.#rooms.get(roomId);
    if (room !== undefined) this.#backlog.forget(roomId, room);
    this.#rooms.delete(roomId);
  }

  /** Gives the room a new epoch if it ends before what has been seen. */
  position(roomId: number, seen: Position): Position | undefined {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return undefined;
    if (isAfter(seen, room.at)) room.at = { epoch: this.#newEpoch(seen.epoch), seq: room.at.seq };
    return room.at;
  }

  /**
   * @returns the message's position, or undefined when there is no such room
   * @throws {BacklogFullError}
   */
  publish(roomId: number, body: string, key = ''): Published | undefined {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return undefined;
    const now = this.#now();
    const known = key === '' ? undefined : room.sentWith(key, now);
    if (known !== undefined) return { ...known, repeated: true };
    const cost = costOf(body);
    const { maxBacklogBytes = Number.POSITIVE_INFINITY } = this.options;
    // One alone always fits: else it would be refused for ever.
    if (this.#backlog.bytes > 0 && this.#backlog.bytes + cost > maxBacklogBytes) {
      throw new BacklogFullError('too many messages wait to be stored');
    }
    const message = room.append(body);
    const position = room.at;
    if (key !== '') room.remember(key, position);
    this.#backlog.add(roomId, cost, now);
    this.#deliver(roomId, (listener) => listener.onMessage(roomId, position, message.frame));
    return position;
  }

  claim(maxRooms: number, maxMessages: number, leaseMs: number): Backlog[] {
    return this.#backlog.claim(maxRooms, leaseMs, this.#now()).map((roomId) => {
      const room = this.#rooms.get(roomId);
      return {
        roomId,
        after: room?.stored ?? { epoch: 0, seq: 0 },
        messages: room?.unstored(maxMessages) ?? [],
      };
    });
  }

  settle(roomId: number, upTo: Position, keep: HistoryLimits): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined || !this.#backlog.settle(roomId, room, upTo, keep, this.#now())) return;
    const { stored } = room;
    this.#deliver(roomId, (listener) => listener.onStored(roomId, stored));
  }

  /** What waits to be archived. */
  get unstored(): { bytes: number; rooms: number } {
    return { bytes: this.#backlog.bytes, rooms: this.#backlog.rooms };
  }

  measure(): BacklogMeasure {
    const waiting = this.#backlog.longest(MEASURED_ROOMS).flatMap((roomId) => {
      const room = this.#rooms.get(roomId);
      return room === undefined ? [] : [room.waiting];
    });
    return measured(this.unstored, waiting);
  }

  room(roomId: number): MemoryRoom | undefined {
    return this.#rooms.get(roomId);
  }

  notice(roomId: number, frame: string): void {
    const bytes = Buffer.from(frame);
    this.#deliver(roomId, (listener) => listener.onNotice(roomId, bytes));
  }

  control(event: ControlEvent): void {
    for (const mailbox of this.#mailboxes) mailbox.put((listener) => listener.onControl(event));
  }

  subscribe(roomId: number, mailbox: Mailbox): void {
    const subscribers = this.#subscribers.get(roomId);
    if (subscribers === undefined) this.#subscribers.set(roomId, new Set([mailbox]));
    else subscribers.add(mailbox);
  }

  unsubscribe(roomId: number, mailbox: Mailbox): void {
    const subscribers = this.#subscribers.get(roomId);
    if (subscribers?.delete(mailbox) && subscribers.size === 0) this.#subscribers.delete(roomId);
  }

  between(roomId: number, after: Position, upTo: Position, limit: number): StoredMessage[] {
    return this.#rooms.get(roomId)?.between(after, upTo, limit) ?? [];
  }

  #now(): number {
    return (this.options.now ?? Date.now)();
  }

  #newEpoch(above = 0): number {
    this.#lastEpoch = Math.max(this.#now(), this.#lastEpoch + 1, above + 1);
    return this.#lastEpoch;
  }

  #deliver(roomId: number, delivery: Delivery): void {
    for (const mailbox of this.#subscribers.get(roomId) ?? []) mailbox.put(delivery);
  }
}

/** Deliveries to one broker: never within the publisher's call, always in order. */
export class Mailbox {
  #waiting: Delivery[] = [];
  #closed = false;

  constructor(private readonly listener: BrokerListener) {}

  put(delivery: Delivery): void {
    this.#waiting.push(delivery);
    if (this.#waiting.length === 1) setImmediate(() => this.#deliver());
  }

  close(): void {
    this.#closed = true;
  }

  #deliver(): void {
    const deliveries = this.#waiting;
    this.#waiting = [];
    for (const delivery of deliveries) if (!this.#closed) delivery(this.listener);
  }
}
