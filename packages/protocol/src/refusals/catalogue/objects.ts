import type { CatalogueEntry } from '../catalogue-entry.js';

/** Refusals about objects that are missing or exist already. */
export const OBJECTS = {
  route_not_found: { status: 404, upgrade: true, retry: false, text: 'no such route' },
  room_not_found: {
    status: 404,
    upgrade: true,
    frame: true,
    retry: false,
    text: 'there is no such room',
  },
  message_not_found: { status: 404, frame: true, retry: false, text: 'there is no such message' },
  account_not_found: { status: 404, retry: false, text: 'the user of the token has no account' },
  user_not_found: { status: 404, retry: false, text: 'there is no such user' },
  member_not_found: { status: 404, retry: false, text: 'the user is not a member of the room' },
  invite_not_found: {
    status: 404,
    retry: false,
    text: 'there is no such invitation: it may have expired or been used',
  },
  reset_not_found: {
    status: 404,
    retry: false,
    text: 'there is no such reset link: it may have expired or been used',
  },
  key_not_found: { status: 404, retry: false, text: 'there is no such API key' },
  ban_not_found: { status: 404, retry: false, text: 'there is no such ban' },
  webhook_not_found: { status: 404, retry: false, text: 'there is no such webhook' },
  event_not_found: {
    status: 404,
    retry: false,
    text: 'there are no such events, or they are not kept any more',
  },
  node_not_found: { status: 404, retry: false, text: 'there is no such node' },
  method_not_allowed: {
    status: 405,
    retry: false,
    text: (method: string) => `${method} is not allowed on this route`,
  },
  unknown_method: { status: 501, retry: false, text: (method: string) => `${method} is not supported` },
  events_expired: {
    status: 410,
    retry: false,
    text: (removed: number) =>
      `events up to ${removed} are not kept any more: continue after that, and read what was missed from the API`,
  },
  message_deleted: { status: 409, frame: true, retry: false, text: 'the message was deleted' },
  last_owner: {
    status: 409,
    retry: false,
    text: 'the last owner of a room must name another owner first',
  },
  no_password: { status: 409, retry: false, text: 'the user has no password and does not sign in with one' },
  already_created: {
    status: 409,
    retry: false,
    text: (id: string) =>
      `an earlier request with this Idempotency-Key has created ${id}, whose secret is not shown again`,
  },
  conflict: { status: 409, retry: false, text: (field: string) => `${field} already exists` },
} as const satisfies Record<string, CatalogueEntry>;
