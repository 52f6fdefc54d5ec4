import { z } from 'zod';
import { positionSchema } from './position-schema.js';

const roomId = z.int().positive().describe('A room, as the API lists them.');

/** How a client names a message of its own, so that sending it again does not make it two. */
export const clientMsgIdSchema = z
  .string()
  .regex(/^[\w.:-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, colons, dashes or underscores')
  .describe('Chosen by the sender, unique among its messages in the room.');

export const joinFrame = z
  .object({
    type: z.literal('join'),
    roomId,
    since: positionSchema.optional().describe('The last message seen: everything after it is sent first.'),
  })
  .describe('Enters a room. Answered by `room-joined`, or by `error`.');

export const leaveFrame = z
  .object({ type: z.literal('leave'), roomId })
  .describe('Leaves a room. Answered by `room-left`.');

export const publishFrame = z
  .object({
    type: z.literal('publish'),
    roomId,
    clientMsgId: clientMsgIdSchema,
    content: z.string().describe('The text, unchanged.'),
  })
  .describe(
    'Says something in a room that was joined. Answered by `ack`, or by `error`. Sent again with the same ' +
      '`clientMsgId` within 5 minutes it is answered with the first position and delivered no second time.',
  );

export const presenceRequestFrame = z
  .object({
    type: z.literal('presence'),
    roomId,
    after: z.int().nonnegative().optional().describe('The `next` of the answer before.'),
  })
  .describe('Asks who is in a room that was joined. Answered by `presence`.');

export const typingFrame = z
  .object({ type: z.literal('typing'), roomId })
  .describe(
    'The user is typing. Nothing answers; the other `chorus.v1` sockets of the room receive `typing`.',
  );

export const refreshFrame = z
  .object({
    type: z.literal('refresh'),
    token: z.string().max(4_096).describe('A newer token of the same user.'),
  })
  .describe('Keeps the socket open past the expiry of its token. Answered by `refreshed`, or by `error`.');

export const pingFrame = z
  .object({ type: z.literal('ping') })
  .describe('Answered by `pong`: for browsers, which cannot send WebSocket pings.');

export const authenticateFrame = z
  .object({
    type: z.literal('authenticate'),
    token: z.string().max(4_096).describe('As sign-in gives out.'),
  })
  .describe(
    'The first frame, within 5 seconds, of a socket that was opened without cookie and `Authorization`, as pages of other ' +
      'sites do. Answered by `welcome`; a client sends nothing else before that.',
  );

/** What a `chorus.v1` client sends once it has received `welcome`. */
export const clientFrameSchema = z.discriminatedUnion('type', [
  joinFrame,
  leaveFrame,
  publishFrame,
  presenceRequestFrame,
  typingFrame,
  refreshFrame,
  pingFrame,
]);

export type AuthenticateFrame = z.infer<typeof authenticateFrame>;
export type ClientFrame = z.infer<typeof clientFrameSchema>;
export type ClientFrameType = ClientFrame['type'];
