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
}

const rule = (does: string, inPublic: Least, inPrivate: Least, inDirect: Least): AccessRule => ({
  does,
  public: inPublic,
  private: inPrivate,
  direct: inDirect,
});

/**
 * Who may do what in a room: the only place of these rules. The API and the gateways ask {@link accessTo};
 * `docs/reference/access.md` is generated from the table. An action that is not in it is allowed to no user.
 *
 * A room is invisible to users who may not `read` it: for them every action is answered as for a room that does not exist.
 */
export const ACCESS = {
  read: rule(
    'find the room, get it, read its history, join it, see who is present',
    'none',
    'member',
    'member',
  ),
  listMembers: rule('list members and their roles', 'none', 'member', 'member'),

  send: rule('send messages, with replies and mentions of users', 'none', 'member', 'member'),
  mentionRoom: rule('mention all members (`@room`)', 'moderator', 'member', 'member'),
  changeOwn: rule('edit, append to and delete own messages', 'none', 'member', 'member'),
  react: rule('react to messages', 'none', 'member', 'member'),
  report: rule('report messages', 'none', 'member', 'member'),
  markRead: rule('store a read position', 'member', 'member', 'member'),
  deleteAny: rule('delete messages of other users', 'moderator', 'moderator', 'never'),
  readReports: rule('list reported messages', 'moderator', 'moderator', 'never'),
  skipSlowMode: rule('send more often than slow mode allows', 'moderator', 'moderator', 'never'),

  follow: rule('become a member without being added', 'none', 'never', 'never'),
  leave: rule('end the own membership, or lower the own role', 'member', 'member', 'never'),
  addMember: rule('add members', 'moderator', 'moderator', 'never'),
  removeMember: rule('remove members with the role `member`', 'moderator', 'moderator', 'never'),
  mute: rule('mute users who are not moderators or owners', 'moderator', 'moderator', 'never'),
  manageRoles: rule(
    'make members moderators or owners; change the role of, mute or remove moderators and owners',
    'owner',
    'owner',
    'never',
  ),
  invite: rule('create, list and revoke invitations by link', 'moderator', 'moderator', 'never'),

  setSlowMode: rule('set slow mode', 'moderator', 'moderator', 'never'),
  setRetention: rule('set for how long messages are kept', 'owner', 'owner', 'never'),
  rename: rule('change the name and the topic', 'owner', 'owner', 'never'),
  deleteRoom: rule('delete the room and its messages', 'owner', 'owner', 'never'),
} as const satisfies Record<string, AccessRule>;

export type RoomAction = keyof typeof ACCESS;
export const ROOM_ACTIONS = Object.keys(ACCESS) as RoomAction[];
