import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlEvent, RoomFeeds } from '@chorus/broker';
import type { PresenceTracker } from '@chorus/presence';
import { CLOSE, type CloseReason, type Member } from '@chorus/protocol';
import type { Transport } from './transport.js';

/** How often {@link Hub.closeAll} looks whether anybody is left, in milliseconds. */
const CLOSE_POLL_MS = 20;

/** Somebody in a room through this node. */
export interface Occupant {
  readonly member: Member;
  close(reason: CloseReason): void;
}

/** A room that is in use on this node. */
export interface LocalRoom {
  readonly id: number;
  /** What sockets subscribe to, to receive the room's frames. */
  readonly topic: string;
  readonly occupants: Set<Occupant>;
  deleted: boolean;
}

/** Which sockets of this node are in which room, and what reaches them. */
export class Hub {
  readonly #rooms = new Map<number, LocalRoom>();

  constructor(
    private readonly parts: {
      feeds: RoomFeeds;
      presence: PresenceTracker;
      publish: Transport['publish'];
    },
  ) {}

  /**
   * Prepares to enter a room: once resolved, every message of the room reaches this node. Each call
   * needs one {@link enter} and {@link leave}, or one {@link abandon}.
   *
   * @throws {RoomNotFoundError} {BrokerUnavailableError}
   */
  async admit(roomId: number): Promise<LocalRoom> {
    await this.parts.feeds.acquire(roomId);
    let room = this.#rooms.get(roomId);
    if (room === undefined) {
      room = { id: roomId, topic: String(roomId), occupants: new Set(), deleted: false };
      this.#rooms.set(roomId, room);
    }
    return room;
  }

  abandon(room: LocalRoom): void {
    this.parts.feeds.release(room.id);
    if (room.occupants.size === 0 && this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
  }

  enter(room: LocalRoom, occupant: Occupant): void {
    room.occupants.add(occupant);
    if (room.deleted) occupant.close(CLOSE.roomDeleted);
    else this.parts.presence.enter(room.id, occupant.member);
  }

  leave(room: LocalRoom, occupant: Occupant): void {
    if (room.occupants.delete(occupant) && !room.deleted) this.parts.presence.exit(room.id, occupant.member);
    this.abandon(room);
  }

  /** Closes every socket; resolves when all are gone, or after `timeoutMs`. */
  async closeAll(reason: CloseReason, timeoutMs: number): Promise<void> {
    for (const room of this.#rooms.values()) {
      for (const occupant of room.occupants) occupant.close(reason);
    }
    const deadline = Date.now() + timeoutMs;
    while (this.#rooms.size > 0 && Date.now() < deadline) await sleep(CLOSE_POLL_MS);
  }

  /** Everybody in the room, each socket once. */
  deliver(roomId: number, frame: Uint8Array): void {
    const room = this.#rooms.get(roomId);
    if (room !== undefined) this.parts.publish(room.topic, frame);
  }

  control(event: ControlEvent): void {
    switch (event.type) {
      case 'room-deleted':
        this.#deleteRoom(event.roomId);
        break;
      case 'room-renamed':
        // Seed frames do not carry the room's name.
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

  #deleteRoom(roomId: number): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    room.deleted = true;
    // A room of the same id that is created later is another room.
    this.#rooms.delete(roomId);
    this.parts.presence.forgetRoom(roomId);
    for (const occupant of room.occupants) occupant.close(CLOSE.roomDeleted);
  }
}
