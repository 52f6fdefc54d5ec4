import {
  type BrokerListener,
  type ControlEvent,
  isAfter,
  type Position,
  type StoredMessage,
} from './broker.js';
import { storedFrame } from './stored-frame.js';

interface Room {
  at: Position;
  /** The newest messages, oldest first. */
  history: StoredMessage[];
}

type Delivery = (listener: BrokerListener) => void;

/** What Redis is for the Redis broker: the state that the brokers and the directory of one process share. */
export class MemoryRooms {
  readonly #rooms = new Map<number, Room>();
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

  /** @param historySize messages kept per room, at least */
  constructor(
    private readonly historySize: number,
    private readonly now: () => number = Date.now,
  ) {}

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
    this.#rooms.set(roomId, { at: { epoch: this.#newEpoch(), seq }, history: [] });
    return true;
  }

  remove(roomId: number): void {
    this.#rooms.delete(roomId);
  }

  /** Gives the room a new epoch if it ends before what has been seen. */
  position(roomId: number, seen: Position): Position | undefined {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return undefined;
    if (isAfter(seen, room.at)) room.at = { epoch: this.#newEpoch(seen.epoch), seq: room.at.seq };
    return room.at;
  }

  /** @returns the message's position, or undefined when there is no such room */
  publish(roomId: number, body: string): Position | undefined {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return undefined;
    const position = { epoch: room.at.epoch, seq: room.at.seq + 1 };
    const message = storedFrame(position, body);
    room.at = position;
    room.history.push(message);
    // Trimmed in large steps: shifting one by one would cost a copy of the array per message.
    if (room.history.length >= this.historySize * 2) room.history = room.history.slice(-this.historySize);
    this.#deliver(roomId, (listener) => listener.onMessage(roomId, position, message.frame));
    return position;
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
    const history = this.#rooms.get(roomId)?.history ?? [];
    return history.filter((message) => isAfter(message, after) && !isAfter(message, upTo)).slice(0, limit);
  }

  #newEpoch(above = 0): number {
    this.#lastEpoch = Math.max(this.now(), this.#lastEpoch + 1, above + 1);
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
