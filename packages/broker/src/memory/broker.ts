import { UnavailableError } from '@chorus/redis';
import {
  type ActivityListener,
  type Broker,
  type BrokerListener,
  type Position,
  type Published,
  RoomNotFoundError,
  type RoomStanding,
  type SeenOfRoom,
  type StoredMessage,
} from '../broker.js';
import type { Mailbox } from './mailbox.js';
import type { MemoryRoomStore } from './room-store.js';

/** The broker within one process: gateways that share one {@link MemoryRoomStore} exchange messages. */
export class MemoryBroker implements Broker {
  readonly #mailbox: Mailbox;
  #closed = false;

  constructor(private readonly rooms: MemoryRoomStore) {
    this.#mailbox = rooms.channels.attach();
  }

  get connected(): boolean {
    return !this.#closed;
  }

  get trouble(): string | undefined {
    return this.#closed ? 'is closed' : undefined;
  }

  listen(listener: BrokerListener, activity?: ActivityListener): void {
    this.#mailbox.listen(listener, activity);
  }

  async publish(roomId: number, body: string, idempotencyKey?: string): Promise<Published> {
    const rooms = this.#open();
    const published = rooms.publish(roomId, body, idempotencyKey) ?? this.#absent(roomId);
    await rooms.handedOut(roomId, published);
    return published;
  }

  async publishedWith(roomId: number, idempotencyKey: string): Promise<Position | undefined> {
    return this.#open().publishedWith(roomId, idempotencyKey);
  }

  async publishNotice(roomId: number, frame: string): Promise<void> {
    this.#open().notice(roomId, frame);
  }

  async subscribe(roomId: number): Promise<void> {
    this.#open().channels.subscribe(roomId, this.#mailbox);
  }

  async unsubscribe(roomId: number): Promise<void> {
    this.rooms.channels.unsubscribe(roomId, this.#mailbox);
  }

  async watchActivity(): Promise<void> {
    this.#open().channels.watchActivity(this.#mailbox);
  }

  async stored(roomId: number): Promise<Position> {
    return this.#open().room(roomId)?.stored ?? { epoch: 0, seq: 0 };
  }

  async position(roomId: number, seen?: Position): Promise<Position> {
    const known = seen && ({ position: seen, generation: '', by: 'node' } as const);
    return (await this.standing(roomId, known)).at;
  }

  async standing(roomId: number, seen?: SeenOfRoom): Promise<RoomStanding> {
    return this.#open().standing(roomId, seen) ?? this.#absent(roomId);
  }

  async between(roomId: number, after: Position, upTo: Position, limit: number): Promise<StoredMessage[]> {
    return this.#open().between(roomId, after, upTo, limit);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.rooms.channels.detach(this.#mailbox);
  }

  #open(): MemoryRoomStore {
    if (this.#closed) throw new UnavailableError('the broker is closed');
    return this.rooms;
  }

  #absent(roomId: number): never {
    if (!this.rooms.isAwaited(roomId)) throw new RoomNotFoundError(roomId);
    throw new UnavailableError('the rooms are being restored');
  }
}
