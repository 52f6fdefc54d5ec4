import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AuthenticateFrame,
  authenticateFrame,
  broadcastFrame,
  CLOSE,
  type ClientFrameType,
  clientFrameSchema,
  ERROR_CODES,
  type ErrorCode,
  messageFrame,
  plainErrorFrame,
  presenceNoticeFrame,
  REFUSALS,
  recoveryFrame,
  refusalText,
  SUBPROTOCOL,
  serverFrameSchema,
  type V1ServerFrame,
} from '@chorus/protocol';
import { z } from 'zod';
import { root } from '../support/root.js';

/** The document that is generated from the schemas of the frames. */
export const ASYNCAPI = join(root, 'docs/reference/asyncapi.json');

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
};

type Json = Record<string, unknown>;
/** Frames of a client. `authenticate` is the first if it has no cookie. */
const CLIENT_FRAMES = [authenticateFrame, ...clientFrameSchema.options];

type FrameSchema = (typeof CLIENT_FRAMES)[number] | (typeof serverFrameSchema.options)[number];

/** Answers to each frame of a client, beside `error`. */
const ANSWERS: Readonly<
  Record<ClientFrameType | AuthenticateFrame['type'], ReadonlyArray<V1ServerFrame['type']>>
> = {
  authenticate: ['welcome'],
  join: ['room-joined'],
  leave: ['room-left'],
  publish: ['ack', 'stored'],
  edit: ['ack', 'stored'],
  delete: ['ack', 'stored'],
  react: ['ack', 'stored'],
  unreact: ['ack', 'stored'],
  append: ['ack', 'stored'],
  presence: ['presence'],
  typing: [],
  refresh: ['refreshed'],
  'watch-rooms': ['rooms-changed'],
  'watch-inbox': ['inbox-watched'],
  read: ['read'],
  ping: ['pong'],
};

const PLAIN_FRAMES = [messageFrame, presenceNoticeFrame, broadcastFrame, recoveryFrame, plainErrorFrame];

/** Returns the entry of a code, with a placeholder in a text that names something. */
function errorOf(code: ErrorCode): Json {
  const { retry } = REFUSALS[code];
  return { retry, error: code === 'bad_frame' ? refusalText(code, '<problem>') : refusalText(code) };
}

/** Returns the AsyncAPI 3.0 document of all frames on the sockets of a gateway. */
export function asyncapi(): Json {
  const client = messagesOf('client', CLIENT_FRAMES);
  const server = messagesOf('server', serverFrameSchema.options);
  const plain = messagesOf('plain', PLAIN_FRAMES);
  const text = {
    name: 'text',
    title: 'text',
    summary: 'Plain text: one message, unchanged. Not JSON.',
    contentType: 'text/plain',
    payload: { type: 'string' },
  };
  const v1Messages = { ...channelMessages(client), ...channelMessages(server) };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Chorus sockets',
      version,
      description:
        'Frames on the WebSockets of Chorus. Written by `pnpm docs`; docs/reference/protocol.md explains them.',
      license: { name: 'MIT' },
      'x-close-codes': Object.values(CLOSE),
      'x-error-codes': Object.fromEntries(ERROR_CODES.map((code) => [code, errorOf(code)])),
    },
    defaultContentType: 'application/json',
    servers: {
      standalone: {
        host: 'localhost:3000',
        protocol: 'ws',
        description: 'The server that `npm start` runs. Behind TLS the protocol is `wss`.',
        security: [{ $ref: '#/components/securitySchemes/bearer' }],
      },
    },
    channels: {
      connect: {
        address: '/ws/connect',
        title: SUBPROTOCOL,
        description: `One socket for any number of rooms. The subprotocol \`${SUBPROTOCOL}\` must be offered.`,
        messages: v1Messages,
        bindings: { ws: { method: 'GET', headers: subprotocolHeader } },
      },
      joinRoom: {
        address: '/ws/join-room/{roomId}',
        title: `${SUBPROTOCOL}, one room joined`,
        description: `Like /ws/connect, with one room joined at once. The subprotocol \`${SUBPROTOCOL}\` must be offered.`,
        parameters: roomParameter,
        messages: v1Messages,
        bindings: { ws: { method: 'GET', headers: subprotocolHeader, query: sinceQuery } },
      },
      plain: {
        address: '/ws/join-room/{roomId}',
        title: 'the plain protocol',
        description:
          'Without a subprotocol: the client sends plain text and receives the JSON frames of one room.',
        parameters: roomParameter,
        messages: { 'plain.text': reference('messages', 'plain.text'), ...channelMessages(plain) },
        bindings: { ws: { method: 'GET', query: sinceQuery } },
      },
    },
    operations: {
      ...Object.fromEntries(CLIENT_FRAMES.map((schema) => operationOf(schema.shape.type.value))),
      frames: {
        action: 'send',
        title: 'frames that a chorus.v1 socket receives',
        channel: reference('channels', 'connect'),
        messages: Object.keys(server).map((name) => onChannel('connect', name)),
      },
      sendText: {
        action: 'receive',
        title: 'send a message on a plain socket',
        channel: reference('channels', 'plain'),
        messages: [onChannel('plain', 'plain.text')],
      },
      plainFrames: {
        action: 'send',
        title: 'frames that a plain socket receives',
        channel: reference('channels', 'plain'),
        messages: Object.keys(plain).map((name) => onChannel('plain', name)),
      },
    },
    components: {
      messages: { ...client, ...server, 'plain.text': text, ...plain },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The token of sign-in, as `Authorization: Bearer …` or as the cookie `jwt`.',
        },
      },
    },
  };
}

/** Returns the document as the text of its file. */
export function asyncapiText(): string {
  return `${JSON.stringify(asyncapi(), null, 2)}\n`;
}

const subprotocolHeader = {
  type: 'object',
  required: ['Sec-WebSocket-Protocol'],
  properties: { 'Sec-WebSocket-Protocol': { type: 'string', const: SUBPROTOCOL } },
};

const sinceQuery = {
  type: 'object',
  properties: {
    since: {
      type: 'string',
      pattern: '^[0-9]{1,16}-[0-9]{1,16}$',
      description:
        'Position of the last message received, as `<epoch>-<seq>`: all later messages are replayed first.',
    },
  },
};

const roomParameter = { roomId: { description: 'Id of the room, from the API.' } };

function messagesOf(
  direction: string,
  schemas: ReadonlyArray<FrameSchema | z.ZodType>,
): Record<string, Json> {
  return Object.fromEntries(
    schemas.map((schema) => {
      const { $schema, description, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
      const types = typesOf(payload);
      const name = types.join('-or-');
      const message = { name, title: types.join(', '), summary: description, payload };
      return [`${direction}.${name}`, message];
    }),
  );
}

/** The values of `type` that a frame can have. */
function typesOf(payload: { properties?: Record<string, unknown>; oneOf?: unknown }): string[] {
  const [variant] = (payload.oneOf ?? []) as Array<{ properties?: Record<string, unknown> }>;
  const type = (payload.properties ?? variant?.properties)?.type as
    | { const?: string; enum?: string[] }
    | undefined;
  return type?.enum ?? [String(type?.const)];
}

function operationOf(type: keyof typeof ANSWERS): [string, Json] {
  const answers = [...ANSWERS[type], 'error'].map((answer) => onChannel('connect', `server.${answer}`));
  return [
    type,
    {
      action: 'receive',
      channel: reference('channels', 'connect'),
      messages: [onChannel('connect', `client.${type}`)],
      reply: { channel: reference('channels', 'connect'), messages: answers },
    },
  ];
}

function channelMessages(messages: Record<string, Json>): Json {
  return Object.fromEntries(Object.keys(messages).map((name) => [name, reference('messages', name)]));
}

function reference(kind: 'messages' | 'channels', name: string): Json {
  return { $ref: kind === 'messages' ? `#/components/messages/${name}` : `#/channels/${name}` };
}

function onChannel(channel: string, message: string): Json {
  return { $ref: `#/channels/${channel}/messages/${message}` };
}
