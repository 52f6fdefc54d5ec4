import { failure, originalFailure } from '../http/schemas.js';
import type { Json } from './json.js';
import { bodyOf } from './json.js';

/** Headers that several operations share. */
export const headers = {
  RetryAfter: {
    description: 'Time to wait before a retry, in seconds.',
    schema: { type: 'integer', minimum: 1 },
  },
  WwwAuthenticate: {
    description: 'Always `Bearer`.',
    schema: { type: 'string', const: 'Bearer' },
  },
};

const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } };
const CHALLENGE = { 'WWW-Authenticate': { $ref: '#/components/headers/WwwAuthenticate' } };

/** Names of the common failures in the document. */
const NAMES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  408: 'RequestTimeout',
  413: 'TooLarge',
  415: 'NotJson',
  417: 'ExpectationFailed',
  431: 'HeadersTooLarge',
  503: 'Unavailable',
};

const REASONS: Readonly<Record<number, string>> = {
  400: 'Not HTTP or not JSON, or a missing, invalid or unknown parameter or field, which the text names.',
  401: 'No token or API key, or one that has expired, was revoked or is forged.',
  403: 'The user is banned, the query names another user, or an API key lacks the scope.',
  408: 'The request took too long.',
  413: 'The body is larger than 64 KiB.',
  415: 'The body is not `application/json`, or its encoding is not supported.',
  417: '`Expect` is not `100-continue`.',
  431: 'The headers are larger than 16 KiB.',
  503: 'PostgreSQL or Redis is unavailable.',
};

/** Failures of HTTP itself, possible for every operation. */
export const ALWAYS = [400, 408, 417, 431] as const;

/** Failures that several operations share, by name. A 401 has a `WWW-Authenticate` header. */
export const commonResponses: Readonly<Record<string, Json>> = Object.fromEntries(
  [false, true].flatMap((original) =>
    Object.entries(NAMES).map(([status, name]) => {
      const response = failureOf(Number(status), REASONS[Number(status)] ?? '', original);
      return [
        nameOf(name, original),
        status === '401' ? { ...response, headers: CHALLENGE } : response,
      ] as const;
    }),
  ),
);

/** Returns the failure of a status, with the operation's own reason if there is one. */
export function failureResponse(status: number, reason: string | undefined, original: boolean): Json {
  if (reason !== undefined) return failureOf(status, reason, original);
  const name = NAMES[status];
  if (name === undefined) throw new Error(`status ${status} has no reason in the document`);
  return { $ref: `#/components/responses/${nameOf(name, original)}` };
}

function nameOf(name: string, original: boolean): string {
  return original ? `Original${name}` : name;
}

function failureOf(status: number, description: string, original: boolean): Json {
  const headers = status === 429 || status === 503 ? { headers: RETRY_AFTER } : {};
  return { description, ...headers, content: bodyOf(original ? originalFailure : failure) };
}
