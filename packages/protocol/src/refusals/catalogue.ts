import type { KeyScope } from '../access/scopes.js';
import type { RoleOrNone } from '../access/table.js';
import { SUBPROTOCOL } from '../subprotocol.js';
import type { CatalogueEntry } from './catalogue-entry.js';
import { CLOSE } from './close-codes.js';

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

const LEAST_TEXTS = {
  none: 'this is not possible in the room',
  member: 'only members of the room may do this',
  moderator: 'only moderators and owners of the room may do this',
  owner: 'only owners of the room may do this',
  never: 'this is not possible in a room of this kind',
} as const satisfies Record<RoleOrNone | 'never', string>;

/**
 * Every reason for which the API or a gateway refuses a request, an upgrade or a frame: the only place of its status,
 * its close code and its text. The codes are stable. `docs/reference/api.md` and `docs/reference/protocol.md` list
 * them; tests compare both with this catalogue.
 */
export const REFUSALS = {
  // Malformed requests.
  invalid_request: { status: 400, retry: false, text: 'not a valid HTTP request' },
  invalid_host: {
    status: 400,
    retry: false,
    text: (hosts: number) => `the request has ${hosts === 0 ? 'no Host header' : 'several Host headers'}`,
  },
  invalid_path: { status: 400, upgrade: true, retry: false, text: 'the path is not validly encoded' },
  invalid_field: {
    status: 400,
    upgrade: true,
    retry: false,
    text: (field: string, problem: string) => `${field} ${problem}`,
  },
  unknown_field: {
    status: 400,
    upgrade: true,
    retry: false,
    text: (field: string) => `${field} is not known here`,
  },
  repeated_parameter: { status: 400, retry: false, text: (name: string) => `${name} must be given once` },
  key_in_url: {
    status: 400,
    retry: false,
    text: 'an API key must not be in a URL, where logs keep it: send it in Authorization, and replace this one',
  },
  user_required: {
    status: 400,
    retry: false,
    text: 'an API key does this only as a user: name the user in X-Chorus-User',
  },
  invalid_json: { status: 400, retry: false, text: 'the body is not valid JSON' },
  invalid_utf8: { status: 400, retry: false, text: 'the body is not valid UTF-8' },
  body_not_object: { status: 400, retry: false, text: 'the body must be a JSON object' },
  password_too_short: {
    status: 400,
    retry: false,
    text: (field: string, characters: number) => `${field} must be at least ${characters} characters long`,
  },
  password_is_name: {
    status: 400,
    retry: false,
    text: (field: string) => `${field} must not be the user name or the e-mail address`,
  },
  password_too_common: {
    status: 400,
    retry: false,
    text: (field: string) => `${field} is one of the 10,000 most common passwords`,
  },
  request_timeout: { status: 408, retry: true, text: 'the request took too long' },
  client_gone: { status: 408, retry: true, text: 'the client went away' },
  body_too_large: {
    status: 413,
    retry: false,
    text: (kib: number) => `the body must not be larger than ${kib} KiB`,
  },
  body_not_json: {
    status: 415,
    retry: false,
    text: 'the body must be JSON: send Content-Type: application/json',
  },
  unsupported_encoding: { status: 415, retry: false, text: 'the Content-Encoding is not supported' },
  unsupported_expectation: { status: 417, retry: false, text: 'only Expect: 100-continue is supported' },
  too_many_headers: { status: 431, retry: false, text: 'the request has too many headers' },
  headers_too_large: { status: 431, retry: false, text: 'the headers are too large' },

  // Invalid requests for a WebSocket.
  invalid_websocket_key: {
    status: 400,
    upgrade: true,
    retry: false,
    text: 'Sec-WebSocket-Key must be 16 bytes in base64',
  },
  upgrade_with_body: { status: 400, upgrade: true, retry: false, text: 'an upgrade has no body' },
  subprotocol_required: {
    status: 400,
    upgrade: true,
    retry: false,
    text: `this route needs the subprotocol ${SUBPROTOCOL}`,
  },
  upgrade_required: {
    status: 426,
    upgrade: true,
    retry: false,
    text: 'this route takes a WebSocket upgrade',
  },
  unsupported_websocket_version: {
    status: 426,
    upgrade: true,
    retry: false,
    text: (version: string) => `this server speaks version ${version} of the WebSocket protocol`,
  },

  // Authentication.
  unauthenticated: {
    status: 401,
    upgrade: true,
    close: CLOSE.unauthenticated,
    retry: false,
    text: (why: keyof typeof TOKEN_TEXTS) => TOKEN_TEXTS[why],
  },
  wrong_credentials: { status: 401, retry: false, text: 'wrong email or password' },
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
  operators_disabled: {
    status: 403,
    retry: false,
    text: 'there is no operator API here: OPERATOR_TOKEN is not set',
  },

  // Missing and duplicate objects.
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
  key_not_found: { status: 404, retry: false, text: 'there is no such API key' },
  ban_not_found: { status: 404, retry: false, text: 'there is no such ban' },
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
  conflict: { status: 409, retry: false, text: (field: string) => `${field} already exists` },

  // Frames.
  bad_frame: { frame: true, retry: false, text: (problem: string) => `the frame is not valid: ${problem}` },
  message_not_recent: {
    frame: true,
    retry: false,
    text: 'the message is not in the recent history: change it through the API',
  },
  message_too_long: {
    status: 400,
    frame: true,
    retry: false,
    text: (characters: number) => `a message has at most ${characters} characters`,
  },
  data_too_large: {
    status: 400,
    frame: true,
    retry: false,
    text: (bytes: number) => `the data of a message has at most ${bytes} bytes of JSON`,
  },
  too_many_mentions: {
    status: 400,
    frame: true,
    retry: false,
    text: (mentions: number) => `a message has at most ${mentions} mentions`,
  },
  reaction_too_long: {
    status: 400,
    frame: true,
    retry: false,
    text: (characters: number) => `a reaction has at most ${characters} characters`,
  },
  too_many_reactions: {
    status: 409,
    frame: true,
    retry: false,
    text: (reactions: number) => `a message has at most ${reactions} different reactions`,
  },
  bad_content: {
    status: 400,
    frame: true,
    retry: false,
    text: 'the text holds a character that cannot be stored',
  },
  not_joined: { frame: true, retry: false, text: 'this socket has not joined the room' },
  too_many_rooms: { frame: true, retry: false, text: 'too many rooms on this connection' },
  muted: {
    status: 403,
    frame: true,
    retry: true,
    text: (seconds: number) => `you are muted in this room for ${seconds} more seconds`,
  },
  slow_mode: {
    status: 429,
    frame: true,
    retry: true,
    text: (seconds: number) => `this room is in slow mode, wait ${seconds} seconds`,
  },
  too_many_messages: { frame: true, retry: true, text: 'too many messages, slow down' },
  backlog_full: {
    frame: true,
    retry: true,
    text: 'messages cannot be stored at the moment, try again',
  },

  // Limits.
  too_many_requests: { status: 429, retry: true, text: 'too many attempts, try again later' },
  address_limit: {
    status: 429,
    upgrade: true,
    close: CLOSE.tooManyMessages,
    retry: true,
    // A socket beyond the limit of an address or a user must be closed first.
    retryAfterSeconds: 10,
    text: 'too many connections from this address',
  },
  user_limit: {
    status: 429,
    upgrade: true,
    close: CLOSE.tooManyMessages,
    retry: true,
    retryAfterSeconds: 10,
    text: 'too many connections of this user',
  },
  user_connects_too_often: {
    status: 429,
    upgrade: true,
    close: CLOSE.tooManyMessages,
    retry: true,
    retryAfterSeconds: 10,
    text: 'this user connects too often, try again later',
  },
  too_many_invalid_tokens: {
    status: 429,
    upgrade: true,
    close: CLOSE.tooManyMessages,
    retry: true,
    retryAfterSeconds: 10,
    text: 'too many invalid tokens from this address',
  },

  // Trouble of the server. Another replica may accept the request at once.
  server_full: {
    status: 503,
    retry: true,
    retryAfterSeconds: 1,
    text: 'too many connections at the moment, try again',
  },
  gateway_full: {
    status: 503,
    upgrade: true,
    retry: true,
    retryAfterSeconds: 1,
    text: 'this gateway has no room for more connections',
  },
  too_many_connects: {
    status: 503,
    upgrade: true,
    close: CLOSE.restart,
    retry: true,
    retryAfterSeconds: 1,
    text: 'too many clients connect at the moment, try again',
  },
  draining: {
    status: 503,
    upgrade: true,
    retry: true,
    retryAfterSeconds: 1,
    text: 'this gateway is closing, connect again',
  },
  upstream_unavailable: {
    status: 503,
    retry: true,
    retryAfterSeconds: 1,
    text: (process: 'API' | 'gateway') => `no ${process} is reachable`,
  },
  upstream_closed: {
    status: 502,
    retry: true,
    text: 'the process that handled this request has ended',
  },
  upstream_timeout: {
    status: 504,
    retry: true,
    text: 'the process that handles this request does not answer',
  },
  not_ready: { status: 503, retry: true, retryAfterSeconds: 1, text: (why: string) => why },
  unavailable: {
    status: 503,
    upgrade: true,
    frame: true,
    close: CLOSE.restart,
    retry: true,
    retryAfterSeconds: 1,
    text: 'temporarily unavailable, try again',
  },
  internal: {
    status: 500,
    upgrade: true,
    frame: true,
    close: CLOSE.restart,
    retry: true,
    text: 'internal error',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type RefusalCode = keyof typeof REFUSALS;
type CodesWith<Part> = {
  [Code in RefusalCode]: (typeof REFUSALS)[Code] extends Part ? Code : never;
}[RefusalCode];

/** Codes of HTTP responses. */
export type HttpErrorCode = CodesWith<{ status: number }>;
/** Codes with which an upgrade can be refused. */
export type UpgradeErrorCode = CodesWith<{ upgrade: true }>;
/** Codes of `error` frames of `chorus.v1`. */
export type ErrorCode = CodesWith<{ frame: true }>;

/** Codes of `error` frames of the plain protocol, which do not show them. */
export type PlainErrorCode = Exclude<ErrorCode, 'bad_frame'>;

/** Parameters of the text of a code; none for most codes. */
export type TextDetails<Code extends RefusalCode> = (typeof REFUSALS)[Code]['text'] extends (
  ...details: infer Details
) => string
  ? Details
  : [];
