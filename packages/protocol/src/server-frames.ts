import { z } from 'zod';
import { clientMsgIdSchema } from './client-frames.js';
import { ERRORS, type ErrorCode } from './errors.js';
import { positionSchema } from './position-schema.js';
import { broadcastFrame, messageFrame, presenceNoticeFrame } from './seed-frames.js';

const roomId = z.int().positive();
const member = z.object({ id: z.int().positive(), username: z.string() });
const place = positionSchema.shape;
const now = z
  .int()
  .optional()
  .describe(
    "The time by the gateway's clock, in milliseconds since 1970: what is left of the token does not depend on the client's clock. Missing from gateways of an older version.",
  );

export const welcomeFrame = z
  .object({
    type: z.literal('welcome'),
    connectionId: z.string().describe('Names this connection in the logs of the gateway.'),
    user: member,
    expiresAt: z
      .int()
      .nullable()
      .describe('When the token ends and the socket with it, in milliseconds since 1970; null for never.'),
    now,
    limits: z.object({
      maxFrameBytes: z.int(),
      maxMessagesPerSecond: z.int(),
      maxRooms: z.int(),
      idleTimeoutSeconds: z.int(),
    }),
  })
  .describe('The first frame of every socket.');

export const roomJoinedFrame = z
  .object({
    type: z.literal('room-joined'),
    roomId,
    ...place,
    recovered: z
      .boolean()
      .describe(
        'True when `since` was given and everything after it, and nothing else, follows this frame; otherwise ' +
          'messages follow from the position of this frame on, and older ones are in the history of the API.',
      ),
    stored: positionSchema.describe('Every message up to here is stored.'),
  })
  .describe(
    'The room was entered. With `recovered: true`, `epoch` and `seq` are the position of the last message that was missed, or `since` if ' +
      'none was; otherwise where the room stands.',
  );

export const roomLeftFrame = z
  .object({
    type: z.literal('room-left'),
    roomId,
    reason: z.enum(['left', 'deleted', 'banned', 'disconnected']),
  })
  .describe('This socket is not in the room any more, because it asked or for the reason given.');

export const roomRenamedFrame = z
  .object({ type: z.literal('room-renamed'), roomId, name: z.string() })
  .describe('The room has a new name. Sent to the sockets that are in the room at that moment.');

export const ackFrame = z
  .object({ type: z.literal('ack'), roomId, clientMsgId: clientMsgIdSchema, ...place })
  .describe('The message has this position, will not be lost and reaches every member.');

export const storedFrame = z
  .object({ type: z.literal('stored'), roomId, ...place })
  .describe(
    'Every message up to this position is in the database. Only for senders with messages that were not.',
  );

export const historyLostFrame = z
  .object({
    type: z.literal('history-lost'),
    roomId,
    from: positionSchema.describe(
      'The last message before them that was delivered to the members on this gateway.',
    ),
    to: positionSchema.describe('They reach at least as far as this.'),
    recoverable: z
      .boolean()
      .describe(
        'True when the history of the API has them; false when Redis came back without messages that had been acknowledged.',
      ),
  })
  .describe(
    'Messages between two positions are not delivered on this socket. Read the history to see what is left of them.',
  );

export const typingNoticeFrame = z
  .object({ type: z.literal('typing'), roomId, userId: z.int().positive(), username: z.string() })
  .describe('Somebody is typing. Show it for a few seconds.');

export const presenceFrame = z
  .object({
    type: z.literal('presence'),
    roomId,
    members: z.array(member).describe('By ascending id, each user once.'),
    next: z.int().nullable().describe('What to ask `after` for more; null at the end.'),
  })
  .describe('Who is in the room, on whichever gateway.');

export const refreshedFrame = z
  .object({ type: z.literal('refreshed'), expiresAt: z.int(), now })
  .describe('The newer token counts.');

export const pongFrame = z.object({ type: z.literal('pong') });

export const reconnectFrame = z
  .object({
    type: z.literal('reconnect'),
    afterMs: z.int().nonnegative().describe('How long to wait before connecting again, in milliseconds.'),
  })
  .describe('This socket is about to be closed with 1012. Connect again, elsewhere, and resume.');

const errorCodes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

export const errorFrame = z
  .object({
    type: z.literal('error'),
    code: z.enum(errorCodes),
    error: z.string().describe('For people.'),
    retry: z.boolean().describe('Whether sending the same again later can succeed.'),
    request: z.string().optional().describe('The `type` of the frame that failed.'),
    roomId: roomId.optional(),
    clientMsgId: clientMsgIdSchema.optional(),
  })
  .describe('A frame of this socket was refused and had no effect.');

/** What a `chorus.v1` client receives. */
export const serverFrameSchema = z.discriminatedUnion('type', [
  welcomeFrame,
  roomJoinedFrame,
  roomLeftFrame,
  roomRenamedFrame,
  messageFrame,
  ackFrame,
  storedFrame,
  historyLostFrame,
  presenceNoticeFrame,
  typingNoticeFrame,
  presenceFrame,
  refreshedFrame,
  pongFrame,
  reconnectFrame,
  broadcastFrame,
  errorFrame,
]);

export type V1ServerFrame = z.infer<typeof serverFrameSchema>;
export type WelcomeFrame = z.infer<typeof welcomeFrame>;
export type RoomRenamedFrame = z.infer<typeof roomRenamedFrame>;

/** Why a frame was refused, as the frame that says so. */
export function v1Error(
  code: ErrorCode,
  about: { request?: string | undefined; roomId?: number | undefined; clientMsgId?: string | undefined } = {},
  detail?: string,
): string {
  const { retry, error } = ERRORS[code];
  const frame = {
    type: 'error',
    code,
    error: detail === undefined ? error : `${error}: ${detail}`,
    retry,
    ...about,
  };
  return JSON.stringify(frame);
}
