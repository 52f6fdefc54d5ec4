import type { AccessList, RoomSubject } from '@chorus/control';
import type { Member } from '@chorus/protocol';
import { checkAccess } from '../prepared-join.js';
import type { MemberRoom } from './changes.js';
import { JoinTicket, type Standing, standingOf } from './standing.js';

/** What the user of a socket is in a room. In a public room it is read when it is needed, not when the socket joins. */
export class MemberStanding {
  /** Entries of the room change it. */
  current: Standing = standingOf();
  #isKnown = false;
  #reading: Promise<void> | undefined;

  constructor(
    private readonly room: MemberRoom & { readonly id: number; readonly tickets: Set<JoinTicket> },
    private readonly access: Pick<AccessList, 'checkRooms'>,
    /** The user, with the present token. */
    private readonly of: Pick<RoomSubject, 'tokenId' | 'generation'> & { readonly user: Member },
  ) {}

  /** The reading in progress. */
  get reading(): Promise<void> | undefined {
    return this.#reading;
  }

  set(known: Standing): void {
    this.current = known;
    this.#isKnown = true;
  }

  /** Reads it, unless it is known: undefined then. Rejects with `AccessDeniedError` or `UnavailableError`. */
  read(): Promise<void> | undefined {
    if (this.#isKnown) return undefined;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { room } = this;
    const { user, tokenId, generation } = this.of;
    const subject = { userId: user.id, tokenId, generation, roomId: room.id };
    // Entries that are delivered during the reading count more than what is read.
    const ticket = new JoinTicket(user.id);
    room.tickets.add(ticket);
    try {
      const { slowModeChanges } = room;
      const { membership, slowModeSeconds } = await checkAccess(this.access, subject);
      // While the memberships are not complete, it is read again each time.
      if (membership === undefined) return;
      if (room.slowModeChanges === slowModeChanges) room.slowModeSeconds = slowModeSeconds;
      this.set(ticket.standing(membership));
    } finally {
      room.tickets.delete(ticket);
    }
  }
}
