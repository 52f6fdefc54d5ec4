import type { MembershipChange } from '@chorus/control';
import type { RoleOrNone } from '@chorus/protocol';

/** Column `mirror` of the outbox: what to write to the membership list, which replaces what it has. */
export interface MirrorChanges {
  readonly memberships?: readonly StoredMembership[];
  readonly slowModeSeconds?: number;
  /** The retention of the room has changed. */
  readonly retention?: true;
}

/** `[user id, role, end of the mute in ms since 1970 or null]`. */
export type StoredMembership = readonly [userId: number, role: RoleOrNone, mutedUntil: number | null];

/** Returns the changes of the list. A user without a role and a mute leaves it. */
export function membershipChanges(roomId: number, { memberships = [] }: MirrorChanges): MembershipChange[] {
  return memberships.map(([userId, role, mutedUntil]) => ({
    userId,
    roomId,
    membership:
      role === 'none' && mutedUntil === null
        ? undefined
        : { role, ...(mutedUntil === null ? {} : { mutedUntil }) },
  }));
}
