import type { BrokerListener, ControlEvent, Position, StoredMessage } from './broker.js';
import { storedFrame } from './stored-frame.js';

interface Room {
  epoch: number;
  seq: number;
  /** The newest messages, oldest first. */
  history: StoredMessage[];
  subscribers: Set<Mailbox>;
}

type Delivery = (listener: BrokerListener) => void;

/** What Redis is for the Redis broker: the state that the brokers and the directory of one process share. */
export class MemoryRooms {
  readonly #rooms = new Map<number, Room>();
  readonly #mailboxes = new Set<Mailbox>();
  /** Whether every room of the database has been made known. */
  complete = false;

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
    for (const room of this.#rooms.values()) room.subscribers.delete(mailbox);
  }

  ensure(roomId: number, seq: number): void {
    if (this.#rooms.has(roomId)) return;
    this.#rooms.set(roomId, { epoch: this.now(), seq, history: [], subscribers: new Set() });
  }

  remove(roomId: number): void {
    this.#rooms.delete(roomId);
  }

  position(roomId: number): Position | undefined {
    const room = this.#rooms.get(roomId);
    return room && { epoch: room.epoch, seq: room.seq };
  }

  /** @returns the message's position, or undefined when there is no such room */
  publish(roomId: number, body: string): Position | undefined {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return undefined;
    const position = { epoch: room.epoch, seq: ++room.seq };
    const message = storedFrame(position.seq, body);
    room.history.push(message);
    // Trimmed in large steps: shifting one by one would cost a copy of the array per message.
    if (room.history.length >= this.historySize * 2) room.history = room.history.slice(-this.historySize);
    deliver(room.subscribers, (listener) => listener.onMessage(roomId, position, message.frame));
    return position;
  }

  notice(roomId: number, frame: string): void {
    const bytes = Buffer.from(frame);
    const subscribers = this.#rooms.get(roomId)?.subscribers ?? [];
    deliver(subscribers, (listener) => listener.onNotice(roomId, bytes));
  }

  control(event: ControlEvent): void {
    deliver(this.#mailboxes, (listener) => listener.onControl(event));
  }

  subscribe(roomId: number, mailbox: Mailbox): void {
    this.#rooms.get(roomId)?.subscribers.add(mailbox);
  }

  unsubscribe(roomId: number, mailbox: Mailbox): void {
    this.#rooms.get(roomId)?.subscribers.delete(mailbox);
  }

  range(roomId: number, epoch: number, after: number, upTo: number, limit: number): StoredMessage[] {
    const room = this.#rooms.get(roomId);
    if (room === undefined || room.epoch !== epoch) return [];
    return room.history.filter((message) => message.seq > after && message.seq <= upTo).slice(0, limit);
  }
}

/** Deliveries to one broker: never within the publisher's call, always in order. */
export class Mailbox {
  #waiting: Delivery[] = [];

  constructor(private readonly listener: BrokerListener) {}

  put(delivery: Delivery): void {
    this.#waiting.push(delivery);
    if (this.#waiting.length === 1) setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    const deliveries = this.#waiting;
    this.#waiting = [];
    for (const delivery of deliveries) delivery(this.listener);
  }
}

function deliver(mailboxes: Iterable<Mailbox>, delivery: Delivery): void {
  for (const mailbox of mailboxes) mailbox.put(delivery);
}
