import {
  type Broker,
  type BrokerListener,
  BrokerUnavailableError,
  type Position,
  RoomNotFoundError,
  type StoredMessage,
} from './broker.js';
import type { Mailbox, MemoryRooms } from './memory-rooms.js';

/** The broker within one process: gateways that share one {@link MemoryRooms} relay to each other. */
export class MemoryBroker implements Broker {
  readonly connected = true;
  readonly #mailbox: Mailbox;

  constructor(
    private readonly rooms: MemoryRooms,
    listener: BrokerListener,
  ) {
    this.#mailbox = rooms.attach(listener);
  }

  async publish(roomId: number, body: string): Promise<Position> {
    const position = this.rooms.publish(roomId, body);
    if (position === undefined) throw new RoomNotFoundError(roomId);
    return position;
  }

  async publishNotice(roomId: number, frame: string): Promise<void> {
    this.rooms.notice(roomId, frame);
  }

  async subscribe(roomId: number): Promise<void> {
    this.rooms.subscribe(roomId, this.#mailbox);
  }

  async unsubscribe(roomId: number): Promise<void> {
    this.rooms.unsubscribe(roomId, this.#mailbox);
  }

  async position(roomId: number): Promise<Position> {
    const position = this.rooms.position(roomId);
    if (position !== undefined) return position;
    if (this.rooms.complete) throw new RoomNotFoundError(roomId);
    throw new BrokerUnavailableError('the rooms are being restored');
  }

  async range(
    roomId: number,
    epoch: number,
    after: number,
    upTo: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    return this.rooms.range(roomId, epoch, after, upTo, limit);
  }

  async close(): Promise<void> {
    this.rooms.detach(this.#mailbox);
  }
}
