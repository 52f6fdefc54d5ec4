import { SUBPROTOCOL } from '@chorus/protocol';
import { z } from 'zod';
import type { ErrorStatus } from '../http/operation.js';
import { writtenAs } from '../http/schemas.js';
import { POSITION_PATTERN } from '../messages/json.js';
import { roomPath } from '../rooms/inputs.js';

/** A route of the gateways: a WebSocket upgrade. */
export interface GatewayRoute {
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A route of the original service. */
  readonly original?: true;
  readonly errors: Readonly<Partial<Record<ErrorStatus, string>>>;
}

const FRAMES =
  '`docs/reference/asyncapi.json` and `docs/reference/protocol.md` describe the frames on the socket.';

const REFUSALS = {
  401: 'No token, or one that has expired, was revoked or is forged.',
  426: 'The request does not ask for a WebSocket, or for another version than 13.',
  429: 'Too many connections of this user, or from this address.',
  503: 'The gateway takes no more connections, or Redis is away.',
} as const;

/**
 * The upgrade routes of the gateways. The OpenAPI document contains them because they share its host, tokens and
 * errors: a reader finds every path and the meaning of a refused upgrade. OpenAPI cannot describe frames; the
 * AsyncAPI document does. Gateways do not build their routes from this list; a test compares both.
 */
export const gatewayRoutes: readonly GatewayRoute[] = [
  {
    path: '/ws/connect',
    id: 'connect',
    summary: `Open a ${SUBPROTOCOL} socket for any number of rooms`,
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
    summary: 'Open a socket that is bound to one room',
    description: `Without a subprotocol the socket uses the plain protocol; \`${SUBPROTOCOL}\` can be offered. ${FRAMES}`,
    original: true,
    params: roomPath,
    query: z.object({
      since: writtenAs(z.string().optional(), {
        type: 'string',
        pattern: POSITION_PATTERN,
        description: 'Position of the last message received: all later messages are replayed first.',
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
