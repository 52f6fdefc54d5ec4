import type { KeyScope } from '@chorus/protocol';
import type { z } from 'zod';
import type { Access } from '../auth/callers/authenticate.js';
import type { Declaration } from '../http/operation.js';
import { IDEMPOTENCY_HEADER } from '../idempotency/idempotency-key.js';
import { KEY_REUSED } from '../idempotency/json.js';
import { KEPT_HOURS } from '../idempotency/stored-answers.js';
import { USER_HEADER } from '../keys/api-key.js';
import type { GatewayRoute } from './gateway-routes.js';
import { bodyOf, type Json, schemaOf } from './json.js';
import { ALWAYS, failureResponse } from './responses.js';

/** Either of the two carries the token. */
const TOKEN = [{ cookie: [] }, { bearer: [] }];

/** A header of requests with an API key. */
const ACTS_AS = {
  name: USER_HEADER,
  in: 'header',
  description: 'Id of the user as whom the API key acts. Only with an API key that has the scope `act-as`.',
  schema: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
};

/** A header of requests that create something. */
const ONCE = {
  name: IDEMPOTENCY_HEADER,
  in: 'header',
  description:
    `A repetition of the request with the same key, by the same caller, within ${KEPT_HOURS} hours creates nothing and gets the first answer, with the header ` +
    '`Idempotency-Replayed`. A request that fails leaves the key unused.',
  schema: { type: 'string', pattern: '^[\\w.:-]{1,64}$' },
};

const SENDER = [
  {
    name: 'userId',
    in: 'query',
    description: 'Id of the user. Must match the token. With `AUTH=open` it identifies the user.',
    schema: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  },
  {
    name: 'username',
    in: 'query',
    description: 'Name of the user. Must match the token. With `AUTH=open` it identifies the user.',
    schema: { type: 'string' },
  },
];

/** Returns the OpenAPI form of a path: `/api/rooms/{roomId}` for `/api/rooms/:roomId`. */
export function pathTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

export function describeOperation(path: string, declaration: Declaration): Json {
  const { id, summary, description, access, scope, params, query, body, answer, errors = {} } = declaration;
  const { original = false, idempotent = false } = declaration;
  const statuses = new Set<number>([
    ...ALWAYS,
    // The check against the access list needs Redis.
    ...(access === 'anyone' ? [] : [401, 403, 503]),
    ...(body === undefined ? [] : [413, 415]),
    ...(idempotent ? [422] : []),
    ...Object.keys(errors).map(Number),
  ]);
  const reasons: Readonly<Record<number, string | undefined>> = { 422: KEY_REUSED, ...errors };
  return {
    operationId: id,
    tags: [tagOf(path)],
    summary,
    ...(description === undefined ? {} : { description }),
    ...security(access, scope),
    ...parameters([
      ...parametersOf('path', params),
      ...parametersOf('query', query),
      ...(access === 'rooms' ? SENDER : []),
      ...(scope === undefined ? [] : [ACTS_AS]),
      ...(idempotent ? [ONCE] : []),
    ]),
    ...(body === undefined
      ? {}
      : { requestBody: { required: !body.safeParse({}).success, content: bodyOf(body) } }),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...headersOf(answer.headers),
        ...(answer.body === undefined ? {} : { content: bodyOf(answer.body) }),
      },
      ...Object.fromEntries(
        [...statuses].sort().map((status) => [status, failureResponse(status, reasons[status], original)]),
      ),
    },
  };
}

/** Describes an upgrade: a GET that is answered with 101 or refused. */
export function describeUpgrade(route: GatewayRoute): Json {
  const { id, summary, description, params, query, errors, original = false } = route;
  return {
    operationId: id,
    tags: ['sockets'],
    summary,
    description,
    ...security('rooms'),
    ...parameters([...parametersOf('path', params), ...parametersOf('query', query), ...SENDER]),
    responses: {
      101: { description: 'The socket is open.' },
      ...Object.fromEntries(
        Object.entries(errors).map(([status, reason]) => [
          status,
          failureResponse(Number(status), reason, original),
        ]),
      ),
    },
  };
}

function tagOf(path: string): string {
  if (/^\/api\/(users|keys)(\/|$)/.test(path)) return 'users';
  if (/^\/api\/(events|webhooks)(\/|$)/.test(path)) return 'events';
  if (/^\/api\/(rooms|messages)/.test(path)) return 'rooms';
  return path.startsWith('/ws/') ? 'original' : 'service';
}

/** @param scope what API keys need; undefined: they may not use the operation */
function security(access: Access, scope?: KeyScope): Json {
  if (access === 'anyone') return { security: [] };
  if (access === 'key') return { security: [{ apiKey: scope === undefined ? [] : [scope] }] };
  return { security: scope === undefined ? TOKEN : [...TOKEN, { apiKey: [scope] }] };
}

function parameters(all: readonly Json[]): Json {
  return all.length === 0 ? {} : { parameters: all };
}

function parametersOf(where: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const { description, ...json } = schemaOf(field as z.ZodType);
    return {
      name,
      in: where,
      ...(where === 'path' ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      schema: json,
    };
  });
}

function headersOf(headers: Readonly<Record<string, string>> | undefined): Json {
  if (headers === undefined) return {};
  const described = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return { headers: Object.fromEntries(described) };
}
