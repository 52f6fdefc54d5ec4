import { z } from 'zod';
import { clientMsgIdSchema } from './client-frames.js';
import { changeFrame } from './entries/change-frames.js';
import {
  inboxFrame,
  inboxResetFrame,
  inboxRoomsFrame,
  inboxWatchedFrame,
  readNoticeFrame,
} from './inbox-frames.js';
import { broadcastFrame, messageFrame, presenceNoticeFrame } from './plain-frames.js';
import { positionSchema } from './position-schema.js';
import { type ErrorCode, type HttpErrorCode, REFUSALS, type TextDetails } from './refusals/catalogue.js';
import { ERROR_CODES, type Refusal, refusalText } from './refusals/refusal.js';

const roomId = z.int().positive();
const member = z.object({ id: z.int().positive(), username: z.string() });
const place = positionSchema.shape;
const now = z
  .int()
  .optional()
  .describe(
    "Time of the gateway's clock, in milliseconds since 1970. `expiresAt` minus `now` is the remaining life of the " +
      "token, independent of the client's clock. Gateways of an older version do not send it.",
  );

export const welcomeFrame = z
  .object({
    type: z.literal('welcome'),
    connectionId: z.string().describe('Id of this connection in the logs of the gateway.'),
    user: member.extend({ bot: z.literal(true).optional().describe('Only for bots.') }),
    expiresAt: z
      .int()
      .nullable()
      .describe(
        'When the token expires and the gateway closes the socket, in milliseconds since 1970; null for never.',
      ),
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
        'True if `since` was given and exactly the messages after it follow this frame. Otherwise the messages after ' +
          'the position of this frame follow; read earlier ones from the history API.',
      ),
    stored: positionSchema.describe('All messages up to this position are in the database.'),
  })
  .describe(
    'The room was joined. With `recovered: true`, `epoch` and `seq` are the position of the last missed message, or ' +
      "`since` if none was missed; otherwise the room's current position.",
  );

export const roomLeftFrame = z
  .object({
    type: z.literal('room-left'),
    roomId,
    reason: z.enum(['left', 'deleted', 'banned', 'disconnected', 'removed']),
  })
  .describe('This socket is no longer in the room, on its own request (`left`) or for the given reason.');

export const roomRenamedFrame = z
  .object({ type: z.literal('room-renamed'), roomId, name: z.string() })
  .describe('The room was renamed. Sent to the sockets that are in the room at that moment.');

/** A room of the list that every user may see. */
export const listedRoom = z.object({
  id: z.int().positive(),
  name: z.string(),
  createdBy: z
    .int()
    .positive()
    .nullable()
    .describe('The user who may change it; null for no user in particular.'),
});

export const roomsChangedFrame = z
  .object({
    type: z.literal('rooms-changed'),
    rooms: z.array(listedRoom).describe('Rooms that are new or have a new name.'),
    gone: z.array(z.int().positive()).describe('Ids of rooms that are not in the list any more.'),
    complete: z
      .boolean()
      .describe(
        'False when there may be more changes than these: read the list, as after each `watch-rooms`.',
      ),
  })
  .describe(
    'The list of rooms that every user may see has changed. Sent to sockets that sent `watch-rooms`, at most once a second.',
  );

export const ackFrame = z
  .object({ type: z.literal('ack'), roomId, clientMsgId: clientMsgIdSchema, ...place })
  .describe('The message was accepted at this position. It will not be lost and reaches every member.');

export const storedFrame = z
  .object({ type: z.literal('stored'), roomId, ...place })
  .describe(
    'All messages up to this position are in the database. Sent only to sockets that were waiting for a message to ' +
      'be stored.',
  );

export const historyLostFrame = z
  .object({
    type: z.literal('history-lost'),
    roomId,
    from: positionSchema.describe(
      'Position of the last message before the lost ones that this gateway delivered.',
    ),
    to: positionSchema.describe('Messages are missing at least up to this position.'),
    recoverable: z
      .boolean()
      .describe(
        'True if the history API has the messages; false if Redis lost acknowledged messages when it restarted.',
      ),
  })
  .describe(
    'Messages between two positions are not delivered on this socket. Read those that still exist from the history API.',
  );

export const typingNoticeFrame = z
  .object({ type: z.literal('typing'), roomId, userId: z.int().positive(), username: z.string() })
  .describe('A member is typing. Show it for a few seconds.');

export const presenceFrame = z
  .object({
    type: z.literal('presence'),
    roomId,
    members: z.array(member).describe('In ascending order of id, each user once.'),
    next: z.int().nullable().describe('Value of `after` for the next page; null on the last page.'),
  })
  .describe('A page of the members who are present in the room, on any gateway.');

export const refreshedFrame = z
  .object({ type: z.literal('refreshed'), expiresAt: z.int(), now })
  .describe('The newer token was accepted.');

export const pongFrame = z.object({ type: z.literal('pong') });

export const reconnectFrame = z
  .object({
    type: z.literal('reconnect'),
    afterMs: z.int().nonnegative().describe('Time to wait before reconnecting, in milliseconds.'),
  })
  .describe('The gateway will close this socket with 1012. Reconnect after `afterMs` and resume.');

export const errorFrame = z
  .object({
    type: z.literal('error'),
    code: z.enum(ERROR_CODES),
    error: z.string().describe('Text for people.'),
    retry: z.boolean().describe('Whether an unchanged retry can succeed later.'),
    retryAfterMs: z
      .int()
      .positive()
      .optional()
      .describe('Time after which a retry can succeed, in milliseconds; absent if it is not known.'),
    request: z.string().optional().describe('`type` of the refused frame.'),
    roomId: roomId.optional(),
    clientMsgId: clientMsgIdSchema.optional(),
  })
  .describe('A frame of this socket was refused and had no effect.');

/** Frames that a `chorus.v1` client receives. */
export const serverFrameSchema = z.discriminatedUnion('type', [
  welcomeFrame,
  roomJoinedFrame,
  roomLeftFrame,
  roomRenamedFrame,
  roomsChangedFrame,
  inboxWatchedFrame,
  inboxFrame,
  inboxRoomsFrame,
  inboxResetFrame,
  readNoticeFrame,
  messageFrame,
  changeFrame,
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
export type RoomsChangedFrame = z.infer<typeof roomsChangedFrame>;
export type ListedRoom = z.infer<typeof listedRoom>;

/** Returns the frame that reports why a frame was refused. */
export function v1Error<Code extends ErrorCode>(
  code: Code,
  about: {
    request?: string | undefined;
    roomId?: number | undefined;
    clientMsgId?: string | undefined;
    retryAfterMs?: number | undefined;
  } = {},
  ...details: TextDetails<Code>
): string {
  const { retry } = REFUSALS[code];
  return JSON.stringify({ type: 'error', code, error: refusalText(code, ...details), retry, ...about });
}

/** Returns the frame that reports a refusal that HTTP responses report too. */
export function v1Refused(
  { code, message: error }: Refusal<ErrorCode & HttpErrorCode>,
  about: { request?: string | undefined; roomId?: number | undefined; clientMsgId?: string | undefined },
): string {
  const { retry } = REFUSALS[code];
  return JSON.stringify({ type: 'error', code, error, retry, ...about });
}
