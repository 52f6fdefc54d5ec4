import type { Member } from '@chorus/protocol';

export const NEVER = -1;

/** One user in one room on this node: what their local connections ask for, and what the store has. */
export class LocalMember {
  connections = 0;
  /** Whether the store should have an entry: there are connections, or the last one went only just now. */
  wanted = true;
  /** When the user leaves unless they come back, by the tracker's clock. */
  leaveAt = 0;
  /** The leave is not sent before this, by the tracker's clock. */
  leaveFrom = Number.NEGATIVE_INFINITY;
  /** A call is under way. */
  busy = false;
  /** The tracker's count of starts over when the store last got, or may have got, an entry. */
  storedIn = NEVER;
  /** The last call's outcome is known, and nothing was started over while it was under way. */
  sure = true;
  /** The user's joining was announced, and no departure can have been. */
  announced = false;

  constructor(
    readonly roomId: number,
    readonly member: Member,
  ) {}

  /** Whether the store is known to hold what is wanted. @param startOvers the tracker's present count */
  isSettled(startOvers: number): boolean {
    return this.wanted ? this.storedIn === startOvers && this.sure : this.storedIn !== startOvers;
  }
}
