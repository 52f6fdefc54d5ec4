import { packageVersion } from '@chorus/service';
import { z } from 'zod';
import { routesOf } from '../http/route-table.js';
import { components, JSON_SCHEMA } from '../http/schemas.js';
import { publicRoutes } from '../routes.js';
import { describeOperation, describeUpgrade, pathTemplate } from './describe-operation.js';
import { gatewayRoutes } from './gateway-routes.js';
import type { Json } from './json.js';
import { commonResponses, headers } from './responses.js';

const VERSION = packageVersion(new URL('../../package.json', import.meta.url));

const DESCRIPTION = `Accounts, rooms and messages. Requests and answers are JSON; every failure is
\`{"error": "<what is wrong>", "code": "<code>"}\`.

- Ids are positive integers up to 2^53−1. In requests a string of digits is accepted as well.
- Unknown parameters and fields are refused with 400; the text names the first of them. The operations of the original
  service ignore them: those tagged \`original\`, sign-up, sign-in, \`GET /api/users/logout\` and the upgrade of
  \`/ws/join-room/{roomId}\`. Their failures have no \`code\`.
- Every path that answers GET also answers HEAD, and every path answers OPTIONS. An unknown path is answered with 404, a
  method that a path does not support with 405 and \`Allow\`.
- A 500 is a bug. Its details are only in the log, under the \`X-Request-Id\` of the answer.`;

const TAGS = [
  { name: 'users', description: 'Accounts and sessions.' },
  { name: 'rooms', description: 'Rooms and their messages.' },
  {
    name: 'original',
    description: 'Routes with the paths and answers of the original service, for its clients.',
  },
  {
    name: 'events',
    description: 'What happens, read or delivered by webhooks, for programs with an API key.',
  },
  { name: 'sockets', description: 'WebSocket upgrades. Gateways answer them.' },
  { name: 'service', description: 'Health, for load balancers, and this document.' },
];

/** Returns the OpenAPI document, built from the declarations of the routes. */
export function openapi(): Json & { openapi: string; paths: Record<string, Json> } {
  const paths: Record<string, Json> = {};
  const add = (method: string, path: string, described: Json): void => {
    const key = pathTemplate(path);
    paths[key] = { ...paths[key], [method.toLowerCase()]: described };
  };
  for (const { method, path, operation } of routesOf(publicRoutes)) {
    add(method, path, describeOperation(path, operation.declaration));
  }
  for (const route of gatewayRoutes) add('GET', route.path, describeUpgrade(route));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Chorus',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The server of this document.' }],
    tags: TAGS,
    paths,
    components: {
      schemas: componentSchemas(),
      responses: commonResponses,
      headers,
      securitySchemes: {
        cookie: { type: 'apiKey', in: 'cookie', name: 'jwt', description: 'Set by sign-in.' },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'chk_<id>_<secret>',
          description: 'An API key with the scope that the operation lists.',
        },
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The token of sign-in.' },
      },
    },
  };
}

function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(components, {
    ...JSON_SCHEMA,
    uri: (id) => `#/components/schemas/${id}`,
  });
  const named = Object.entries(schemas).map(([id, { $schema, $id, ...schema }]): [string, Json] => [
    id,
    schema,
  ]);
  return Object.fromEntries(named.sort(([one], [other]) => (one < other ? -1 : 1)));
}
