import type { RoomMembership } from './room-membership.js';

/** Memberships of one socket by room. Most sockets have one, which then needs no map and saves 150 bytes per socket. */
export class MembershipMap {
  #held: RoomMembership | Map<number, RoomMembership> | undefined;

  get(roomId: number): RoomMembership | undefined {
    if (this.#held instanceof Map) return this.#held.get(roomId);
    return this.#held?.room.id === roomId ? this.#held : undefined;
  }

  /** Adds the membership of a room that the socket has not joined yet. */
  add(membership: RoomMembership): void {
    if (this.#held === undefined) this.#held = membership;
    else if (this.#held instanceof Map) this.#held.set(membership.room.id, membership);
    else this.#held = new Map([this.#held, membership].map((each) => [each.room.id, each]));
  }

  delete(membership: RoomMembership): void {
    if (this.#held === membership) this.#held = undefined;
    else if (this.#held instanceof Map) this.#held.delete(membership.room.id);
  }

  /** Snapshot of the memberships: the caller may change them while it iterates. */
  all(): RoomMembership[] {
    if (this.#held instanceof Map) return [...this.#held.values()];
    return this.#held === undefined ? [] : [this.#held];
  }

  clear(): void {
    this.#held = undefined;
  }
}
