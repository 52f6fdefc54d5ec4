import { failure } from '../http/schemas.js';
import type { Json } from './json.js';
import { bodyOf } from './json.js';

/** Headers that more than one operation has. */
export const headers = {
  RetryAfter: {
    description: 'When to try again, in seconds.',
    schema: { type: 'integer', minimum: 1 },
  },
  WwwAuthenticate: {
    description: 'Always `Bearer`.',
    schema: { type: 'string', const: 'Bearer' },
  },
};

const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } };
const CHALLENGE = { 'WWW-Authenticate': { $ref: '#/components/headers/WwwAuthenticate' } };

/** How the document names them. */
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
  400: 'Malformed: a parameter or a field that is missing, wrong or not known, which the text names, or what is not JSON or not HTTP.',
  401: 'No token, or one that has expired, was revoked or is forged.',
  403: 'The user is banned, or the query names somebody else.',
  408: 'The request took too long.',
  413: 'The body is larger than 64 KiB.',
  415: 'The body is not `application/json`, or encoded in a way that is not supported.',
  417: '`Expect` says something else than `100-continue`.',
  431: 'The headers are larger than 16 KiB.',
  503: 'PostgreSQL or Redis is away.',
};

/** Why any request fails that HTTP itself is in the way of. */
export const ALWAYS = [400, 408, 417, 431] as const;

/** What several operations answer alike, by name. A 401 for want of a token says what is wanted. */
export const commonResponses: Readonly<Record<string, Json>> = Object.fromEntries(
  Object.entries(NAMES).map(([status, name]) => {
    const response = failureOf(Number(status), REASONS[Number(status)] ?? '');
    return [name, status === '401' ? { ...response, headers: CHALLENGE } : response];
  }),
);

/** The failure of that status, for a reason of the operation's own if it has one. */
export function failureResponse(status: number, reason?: string): Json {
  if (reason !== undefined) return failureOf(status, reason);
  const name = NAMES[status];
  if (name === undefined) throw new Error(`nothing says when the answer is ${status}`);
  return { $ref: `#/components/responses/${name}` };
}

function failureOf(status: number, description: string): Json {
  const headers = status === 429 || status === 503 ? { headers: RETRY_AFTER } : {};
  return { description, ...headers, content: bodyOf(failure) };
}
