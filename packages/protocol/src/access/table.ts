import type { KeyScope } from './scopes.js';

/** Kinds of rooms. The kind of a room never changes. */
export const ROOM_KINDS = ['public', 'private', 'direct'] as const;
export type RoomKind = (typeof ROOM_KINDS)[number];

/** Roles of members, lowest first. A higher role may do all that a lower one may. */
export const ROOM_ROLES = ['member', 'moderator', 'owner'] as const;
export type RoomRole = (typeof ROOM_ROLES)[number];

/** Role of a user in a room, or `none` for a user who is not a member. Lowest first. */
export const ROLES_OR_NONE = ['none', ...ROOM_ROLES] as const;
export type RoleOrNone = (typeof ROLES_OR_NONE)[number];

/** The lowest standing that may do something; `never`: no user may. */
type Least = RoleOrNone | 'never';

export interface AccessRule extends Readonly<Record<RoomKind, Least>> {
  /** What the action does, for the documentation. */
  readonly does: string;
  /** What an API key must be allowed, whether it acts as a user or for the application. */
  readonly scope: KeyScope;
  /**
   * Whether an API key may do it for the application, without acting as a user: `user` if the action is always that of a user. In rooms
   * of kinds where no user may do it, no key may.
   */
  readonly alone: 'yes' | 'user';
}

const rule = (
  does: string,
  inPublic: Least,
  inPrivate: Least,
  inDirect: Least,
  scope: KeyScope,
  alone: AccessRule['alone'],
): AccessRule => ({ does, public: inPublic, private: inPrivate, direct: inDirect, scope, alone });

/**
 * Who may do what in a room: the only place of these rules. The API and the gateways ask {@link accessTo}, and for API keys
 * {@link keyAccessTo}; `docs/reference/access.md` is generated from the table. An action that is not in it is allowed to no user and
 * no key.
 *
 * A room is invisible to users who may not `read` it: for them every action is answered as for a room that does not exist.
 */
export const ACCESS = {
  read: rule(
    'find the room, get it, read its history, join it, see who is present',
    'none',
    'member',
    'member',
    'history:read',
    'yes',
  ),
  listMembers: rule('list members and their roles', 'none', 'member', 'member', 'history:read', 'yes'),

  send: rule(
    'send messages, with replies and mentions of users',
    'none',
    'member',
    'member',
    'messages:write',
    'user',
  ),
  mentionRoom: rule(
    'mention all members (`@room`)',
    'moderator',
    'member',
    'member',
    'messages:write',
    'user',
  ),
  changeOwn: rule(
    'edit, append to and delete own messages',
    'none',
    'member',
    'member',
    'messages:write',
    'user',
  ),
  react: rule('react to messages', 'none', 'member', 'member', 'messages:write', 'user'),
  report: rule('report messages', 'none', 'member', 'member', 'messages:write', 'user'),
  markRead: rule('store a read position', 'member', 'member', 'member', 'messages:write', 'user'),
  deleteAny: rule(
    'delete messages of other users',
    'moderator',
    'moderator',
    'never',
    'messages:write',
    'user',
  ),
  readReports: rule('list reported messages', 'moderator', 'moderator', 'never', 'history:read', 'yes'),
  skipSlowMode: rule(
    'send more often than slow mode allows',
    'moderator',
    'moderator',
    'never',
    'messages:write',
    'user',
  ),

  follow: rule('become a member without being added', 'none', 'never', 'never', 'members:write', 'user'),
  leave: rule(
    'end the own membership, or lower the own role',
    'member',
    'member',
    'never',
    'members:write',
    'user',
  ),
  addMember: rule('add members', 'moderator', 'moderator', 'never', 'members:write', 'yes'),
  removeMember: rule(
    'remove members with the role `member`',
    'moderator',
    'moderator',
    'never',
    'members:write',
    'yes',
  ),
  mute: rule(
    'mute users who are not moderators or owners',
    'moderator',
    'moderator',
    'never',
    'members:write',
    'yes',
  ),
  manageRoles: rule(
    'make members moderators or owners; change the role of, mute or remove moderators and owners',
    'owner',
    'owner',
    'never',
    'members:write',
    'yes',
  ),
  invite: rule(
    'create, list and revoke invitations by link',
    'moderator',
    'moderator',
    'never',
    'members:write',
    'yes',
  ),

  setSlowMode: rule('set slow mode', 'moderator', 'moderator', 'never', 'rooms:write', 'yes'),
  setRetention: rule('set for how long messages are kept', 'owner', 'owner', 'never', 'rooms:write', 'yes'),
  rename: rule('change the name and the topic', 'owner', 'owner', 'never', 'rooms:write', 'yes'),
  deleteRoom: rule('delete the room and its messages', 'owner', 'owner', 'never', 'rooms:write', 'yes'),
} as const satisfies Record<string, AccessRule>;

export type RoomAction = keyof typeof ACCESS;
export const ROOM_ACTIONS = Object.keys(ACCESS) as RoomAction[];
