import type { Membership } from '@chorus/control';
import type { RoleOrNone } from '@chorus/protocol';

/** What a user is in a room of this node. Entries of the room change it. */
export interface Standing {
  role: RoleOrNone;
  /** Milliseconds since 1970; undefined for a user who is not muted. */
  mutedUntil: number | undefined;
}

/** Standing of a user about whom nothing is known: in public rooms, while the memberships are not complete. */
const UNKNOWN: Membership = { role: 'none' };

export function standingOf({ role, mutedUntil }: Membership = UNKNOWN): Standing {
  return { role, mutedUntil };
}

/**
 * A join that is in progress: from before its membership is checked until the socket enters the room. Entries that are
 * delivered meanwhile change it, so that a removal is never overtaken by a check that came before it.
 */
export class JoinTicket {
  /** The user was removed meanwhile: what was checked does not count any more. */
  isVoid = false;
  #change: Partial<Standing> = {};

  constructor(readonly userId: number) {}

  change(change: Partial<Standing>): void {
    Object.assign(this.#change, change);
  }

  /** What the user is in the room, by the check and the entries after it. */
  standing(checked: Membership | undefined): Standing {
    return { ...standingOf(checked), ...this.#change };
  }
}
