import type { TrackedRoom } from './entry.js';

/** Rooms by latest activity, newest first. */
export class RoomList {
  #rooms: readonly TrackedRoom[] = [];

  get rooms(): readonly TrackedRoom[] {
    return this.#rooms;
  }

  find(id: number): TrackedRoom | undefined {
    return this.#rooms.find((room) => room.id === id);
  }

  /** Puts a room first, or in the place of the one with its id. */
  put(room: TrackedRoom, first: boolean): void {
    this.#rooms = first
      ? [room, ...this.#without(room)]
      : this.#rooms.map((other) => (other.id === room.id ? room : other));
  }

  /** Adds a page of older rooms. @param isRead whether a room was on a page before; the others come last */
  add(page: readonly TrackedRoom[], isRead: (room: TrackedRoom) => boolean): void {
    const others = this.#without(...page);
    this.#rooms = [...others.filter(isRead), ...page, ...others.filter((room) => !isRead(room))];
  }

  keep(wanted: (room: TrackedRoom) => boolean): void {
    this.#rooms = this.#rooms.filter(wanted);
  }

  #without(...rooms: readonly TrackedRoom[]): readonly TrackedRoom[] {
    return this.#rooms.filter(({ id }) => !rooms.some((room) => room.id === id));
  }
}
