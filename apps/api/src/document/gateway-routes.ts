import { SUBPROTOCOL } from '@chorus/protocol';
import { z } from 'zod';
import type { ErrorStatus } from '../http/operation.js';
import { writtenAs } from '../http/schemas.js';
import { POSITION_PATTERN } from '../messages/json.js';
import { roomPath } from '../rooms/inputs.js';

/** A route of the gateways: a request to go on as a WebSocket. */
export interface GatewayRoute {
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly errors: Readonly<Partial<Record<ErrorStatus, string>>>;
}

const FRAMES =
  'What travels over the socket is described by `docs/reference/asyncapi.json` and `docs/reference/protocol.md`.';

const REFUSALS = {
  401: 'No token, or one that has expired, was revoked or is forged.',
  426: 'The request does not ask for a WebSocket, or for another version than 13.',
  429: 'Too many connections of this user, or from this address.',
  503: 'The gateway takes no more connections, or Redis is away.',
} as const;

/**
 * The routes where sockets begin. They are in the document because they share its host, its tokens and its errors: whoever
 * reads it finds every path that there is, and what a refused upgrade means. Their frames are not: OpenAPI has no words
 * for them, AsyncAPI has. Gateways do not make their routes of this; a test asks them.
 */
export const gatewayRoutes: readonly GatewayRoute[] = [
  {
    path: '/ws/connect',
    id: 'connect',
    summary: `Opens a ${SUBPROTOCOL} socket for any number of rooms`,
    description: `The subprotocol \`${SUBPROTOCOL}\` must be offered. ${FRAMES}`,
    errors: {
      400: `The subprotocol \`${SUBPROTOCOL}\` is not offered, or a parameter is wrong or not known.`,
      403: 'The user is banned, or the page’s origin is not allowed.',
      ...REFUSALS,
    },
  },
  {
    path: '/ws/join-room/:roomId',
    id: 'joinRoom',
    summary: 'Opens a socket that has joined a room',
    description: `Without a subprotocol a socket of the seed contract, with \`${SUBPROTOCOL}\` one of that. ${FRAMES}`,
    params: roomPath,
    query: z.object({
      since: writtenAs(z.string().optional(), {
        type: 'string',
        pattern: POSITION_PATTERN,
        description: 'The last message seen: everything after it is sent first.',
      }),
    }),
    errors: {
      400: 'A parameter is wrong.',
      403: 'The user is banned from the room or from everything, or the page’s origin is not allowed.',
      404: 'There is no such room.',
      ...REFUSALS,
    },
  },
];
