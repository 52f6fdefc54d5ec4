import type { Position } from '@chorus/protocol';
import type { Place } from './world.js';

/** A place in a room with its progress. */
export interface RoomSlot extends Place {
  /** Of the last message; both 0 without one. */
  epoch: number;
  seq: number;
  joined: boolean;
  /** Number of messages to be past after a reconnect; -1 when it has caught up. */
  goal: number;
}

/** The places of one connection in its rooms. */
export class RoomSlots {
  readonly all: readonly RoomSlot[];

  constructor(places: readonly Place[]) {
    this.all = places.map((place) => ({ ...place, epoch: 0, seq: 0, joined: false, goal: -1 }));
  }

  get roomIds(): number[] {
    return this.all.map(({ roomId }) => roomId);
  }

  /** Positions of the last messages, by the ids of rooms; rooms without a message are left out. */
  get positions(): Map<number, Position> {
    const positions = new Map<number, Position>();
    for (const { roomId, epoch, seq } of this.all) if (epoch > 0) positions.set(roomId, { epoch, seq });
    return positions;
  }

  /** Whether a message of every room has arrived, after which the connection can resume. */
  get resumable(): boolean {
    return this.all.every(({ epoch }) => epoch > 0);
  }

  /** Whether all rooms are joined. */
  get joined(): boolean {
    return this.all.every(({ joined }) => joined);
  }

  /** Whether every message that must arrive has arrived. */
  get complete(): boolean {
    return this.all.every(({ checker, member }) => checker.cursor(member) >= checker.length);
  }

  /** @param room index of the room */
  ofRoom(room: number): RoomSlot | undefined {
    const [first] = this.all;
    return first?.room === room ? first : this.all.find((slot) => slot.room === room);
  }

  withId(roomId: number): RoomSlot | undefined {
    return this.all.find((slot) => slot.roomId === roomId);
  }

  /** Begins to join all rooms. */
  rejoin(): void {
    for (const slot of this.all) {
      slot.joined = false;
      slot.goal = -1;
    }
  }

  /** Clears the goals that are reached. @returns whether none is left */
  catchUp(): boolean {
    for (const slot of this.all) {
      if (slot.goal >= 0 && slot.checker.cursor(slot.member) >= slot.goal) slot.goal = -1;
    }
    return this.all.every(({ goal }) => goal < 0);
  }
}
