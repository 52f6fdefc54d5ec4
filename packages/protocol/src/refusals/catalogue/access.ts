import type { KeyScope } from '../../access/scopes.js';
import type { RoleOrNone } from '../../access/table.js';
import type { CatalogueEntry } from '../catalogue-entry.js';
import { CLOSE } from '../close-codes.js';

const TOKEN_INVALID = 'the token is not valid';
const TOKEN_TEXTS = {
  missing: 'a token is required',
  expired: 'the token has expired',
  invalid: TOKEN_INVALID,
  key: 'the API key is not valid',
  keyMissing: 'an API key is required',
  socketToken: 'this token is for sockets only: send the API key itself',
  operatorMissing: 'the operator token is required',
  operatorInvalid: 'the operator token is not valid',
} as const;

const IDENTITY_TEXTS = {
  malformed: 'it is not a JSON Web Token that is known here',
  issuer: 'its issuer is not known here',
  audience: 'it is meant for another audience',
  algorithm: 'its algorithm is not allowed',
  key: 'its issuer has no such key',
  signature: 'its signature is wrong',
  expired: 'it has expired',
  notYet: 'it is not valid yet',
  noExpiry: 'it has no valid time of expiry',
  subject: 'it does not say whose it is',
} as const;

const LEAST_TEXTS = {
  none: 'this is not possible in the room',
  member: 'only members of the room may do this',
  moderator: 'only moderators and owners of the room may do this',
  owner: 'only owners of the room may do this',
  never: 'this is not possible in a room of this kind',
} as const satisfies Record<RoleOrNone | 'never', string>;

/** Refusals for lack of a valid token or of a permission. */
export const ACCESS = {
  // Authentication.
  unauthenticated: {
    status: 401,
    upgrade: true,
    close: CLOSE.unauthenticated,
    retry: false,
    text: (why: keyof typeof TOKEN_TEXTS) => TOKEN_TEXTS[why],
  },
  wrong_credentials: { status: 401, retry: false, text: 'wrong email or password' },
  invalid_identity: {
    status: 401,
    retry: false,
    text: (why: keyof typeof IDENTITY_TEXTS) => `the token cannot be exchanged: ${IDENTITY_TEXTS[why]}`,
  },
  invalid_token: { frame: true, retry: false, text: TOKEN_INVALID },
  wrong_password: { status: 403, retry: false, text: 'the current password is wrong' },

  // Permissions.
  user_mismatch: {
    status: 403,
    upgrade: true,
    retry: false,
    text: (field: string) => `${field} is not the one of the token`,
  },
  user_banned: {
    status: 403,
    upgrade: true,
    close: CLOSE.disconnected,
    retry: false,
    text: 'you are banned',
  },
  banned: {
    status: 403,
    upgrade: true,
    frame: true,
    retry: false,
    text: 'you are banned from this room',
  },
  origin_not_allowed: { status: 403, upgrade: true, retry: false, text: 'this origin is not allowed' },
  other_site: { status: 403, retry: false, text: 'another site cannot sign a user out' },
  not_room_creator: { status: 403, retry: false, text: 'only an owner may change a room' },
  role_required: {
    status: 403,
    frame: true,
    retry: false,
    text: (least: keyof typeof LEAST_TEXTS) => LEAST_TEXTS[least],
  },
  scope_required: {
    status: 403,
    retry: false,
    text: (scope?: KeyScope) =>
      scope === undefined ? 'an API key cannot do this' : `the API key needs the scope ${scope}`,
  },
  not_author: { status: 403, frame: true, retry: false, text: 'only its author may do this to a message' },
  too_many_own_rooms: {
    status: 403,
    retry: false,
    text: (rooms: number) => `one user may create ${rooms} rooms: delete one first`,
  },
  too_many_members: {
    status: 403,
    retry: false,
    text: (members: number) => `the room may have ${members} members`,
  },
  too_many_invites: {
    status: 403,
    retry: false,
    text: (invites: number) => `the room may have ${invites} invitations: revoke one first`,
  },
  too_many_webhooks: {
    status: 403,
    retry: false,
    text: (webhooks: number) => `the application may have ${webhooks} webhooks: delete one first`,
  },
  too_many_redeliveries: {
    status: 403,
    retry: true,
    text: (redeliveries: number) =>
      `${redeliveries} redeliveries of the webhook are not finished: try again later, or resume the webhook`,
  },
  passwords_disabled: {
    status: 403,
    retry: false,
    text: 'passwords are not used here: sign in by the identity provider',
  },
  mail_disabled: {
    status: 403,
    retry: false,
    text: 'no mails are sent here, as SMTP_URL is not set: ask an operator for a reset link',
  },
  issuers_disabled: {
    status: 403,
    retry: false,
    text: 'there are no identity providers here: AUTH_ISSUERS is not set',
  },
  operators_disabled: {
    status: 403,
    retry: false,
    text: 'there is no operator API here: OPERATOR_TOKEN is not set',
  },
} as const satisfies Record<string, CatalogueEntry>;
