import { SUBPROTOCOL } from '../../subprotocol.js';
import type { CatalogueEntry } from '../catalogue-entry.js';

/** Refusals of requests and upgrades that are malformed. */
export const REQUESTS = {
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
  idempotency_key_reused: {
    status: 422,
    retry: false,
    text: 'an earlier request with this Idempotency-Key was another one',
  },
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
} as const satisfies Record<string, CatalogueEntry>;
