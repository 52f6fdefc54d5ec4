import type { RoleOrNone } from '@chorus/protocol';

/** What a user is in a room. */
export interface Membership {
  /** `none` for a user who is not a member. */
  readonly role: RoleOrNone;
  /** When the user may send again, in milliseconds since 1970 by the list's clock; undefined for a user who is not muted. */
  readonly mutedUntil?: number | undefined;
}

/** One change of the list. */
export interface MembershipChange {
  readonly userId: number;
  readonly roomId: number;
  /** Undefined: neither a member nor muted. */
  readonly membership: Membership | undefined;
}

/** All memberships of one user. */
export interface UserMemberships {
  readonly userId: number;
  readonly memberships: ReadonlyArray<readonly [roomId: number, membership: Membership]>;
}

/** Slow mode of a room. */
export interface SlowMode {
  readonly roomId: number;
  /** Seconds between two messages of one user; 0 for no slow mode. */
  readonly seconds: number;
}

/**
 * Copy of the memberships and slow modes of PostgreSQL, which gateways ask through `AccessList.checkRooms`. Kept by the API.
 *
 * It is complete only within the Redis process to which all of it was restored: after a restart or a failover, Redis may hold
 * older data. What an earlier process held counts as absent.
 *
 * Every method rejects with `UnavailableError` while Redis is unreachable.
 */
export interface MembershipList {
  /** Applies changes, in order. */
  change(changes: readonly MembershipChange[]): Promise<void>;
  setSlowMode(slowMode: SlowMode): Promise<void>;
  /** Whether everything was restored to the present Redis process. */
  isComplete(): Promise<boolean>;
  /**
   * Begins a restoration. The caller must keep other calls of {@link change} and {@link setSlowMode} from coming between
   * its reading of PostgreSQL and the calls of the restoration.
   */
  beginRestoration(): Promise<MembershipRestoration>;
  /**
   * Memberships of one user, by room.
   * @throws {UnavailableError} also while the list is not complete
   */
  ofUser(userId: number): Promise<Map<number, Membership>>;
  /**
   * Takes the turn of a user in a room with slow mode.
   * @param messageId identifies the message: sent again, it has the turn already
   * @returns 0, or the time until the user may send again, in milliseconds
   */
  takeTurn(userId: number, roomId: number, seconds: number, messageId: string): Promise<number>;
}

/** Restores the list to one Redis process. Every method rejects when that process has ended. */
export interface MembershipRestoration {
  /** Replaces all memberships of these users. */
  users(users: readonly UserMemberships[]): Promise<void>;
  /** Replaces all slow modes. */
  slowModes(slowModes: readonly SlowMode[]): Promise<void>;
  /** Marks the list complete. */
  complete(): Promise<void>;
}

const LETTERS = { none: '-', member: 'm', moderator: 'd', owner: 'o' } as const satisfies Record<
  RoleOrNone,
  string
>;
const ROLES = new Map(
  Object.entries(LETTERS).map(([role, letter]) => [letter as string, role as RoleOrNone]),
);

/** Returns a membership as Redis holds it: a letter for the role, and `:` with the end of a mute. */
export function encodeMembership({ role, mutedUntil }: Membership): string {
  return mutedUntil === undefined ? LETTERS[role] : `${LETTERS[role]}:${mutedUntil}`;
}

/** Inverse of {@link encodeMembership}; a missing value is a user who is not a member. */
export function decodeMembership(value: string | null | undefined): Membership {
  const role = ROLES.get(value?.[0] ?? '') ?? 'none';
  return value?.[1] === ':' ? { role, mutedUntil: Number(value.slice(2)) } : { role };
}
