import type { Member } from '@chorus/protocol';

export const NEVER = -1;

/** One user in one room on this node: what the local connections require, and what the store has. */
export class LocalMember {
  connections = 0;
  /** Whether the store should have an entry: there are connections, or the user is within the grace. */
  wanted = true;
  /** When the user leaves unless they reconnect, on the tracker's clock. */
  leaveAt = 0;
  /** The room was deleted: the user cannot be in it through another node. */
  roomDeleted = false;
  /** The leave is not sent before this time, on the tracker's clock. */
  leaveFrom = Number.NEGATIVE_INFINITY;
  /** A call is in flight. */
  busy = false;
  /** The tracker's count of restarts when the store last got, or may have got, an entry. */
  storedIn = NEVER;
  /** Whether the outcome of the last call is known, and no restart happened while it was in flight. */
  sure = true;
  /** Whether the user's join was announced and no departure can have been. */
  announced = false;

  constructor(
    readonly roomId: number,
    readonly member: Member,
  ) {}

  /** Whether the store is known to hold what is wanted. @param startOvers the tracker's current count */
  isSettled(startOvers: number): boolean {
    return this.wanted ? this.storedIn === startOvers && this.sure : this.storedIn !== startOvers;
  }
}
