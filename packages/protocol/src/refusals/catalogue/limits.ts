import type { CatalogueEntry } from '../catalogue-entry.js';
import { CLOSE } from '../close-codes.js';

/** Refusals for a limit or trouble of the server. */
export const LIMITS = {
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
  issuer_unavailable: {
    status: 503,
    retry: true,
    retryAfterSeconds: 5,
    text: 'the keys of the identity provider cannot be read, try again',
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
