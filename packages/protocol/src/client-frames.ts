import { z } from 'zod';
import { dataSchema, mentionsSchema, reactionSchema, targetSchema } from './entries/fields.js';
import { markReadFrame, watchInboxFrame } from './inbox-frames.js';
import { positionSchema } from './position-schema.js';

const roomId = z.int().positive().describe('Id of the room, from the API.');

/** Id that a client gives its message, so that a retry does not create a second message. */
export const clientMsgIdSchema = z
  .string()
  .regex(/^[\w.:-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, colons, dashes or underscores')
  .describe('Id chosen by the sender; unique among its messages and changes of the room.');

export const joinFrame = z
  .object({
    type: z.literal('join'),
    roomId,
    since: positionSchema
      .optional()
      .describe('Position of the last message received: all later messages are replayed first.'),
  })
  .describe('Joins a room. Answered by `room-joined` or `error`.');

export const leaveFrame = z
  .object({ type: z.literal('leave'), roomId })
  .describe('Leaves a room. Answered by `room-left`.');

export const publishFrame = z
  .object({
    type: z.literal('publish'),
    roomId,
    clientMsgId: clientMsgIdSchema,
    content: z.string().describe('The text. It is delivered unchanged.'),
    mentions: mentionsSchema.optional(),
    replyTo: targetSchema
      .optional()
      .describe(
        'Position of the message that this one replies to. It is not checked, because the message may be older than the recent history.',
      ),
    data: dataSchema.optional(),
  })
  .describe(
    'Sends a message to a joined room. Answered by `ack` or `error`. A retry with the same `clientMsgId` within ' +
      '5 minutes is answered with the position of the first and is not delivered again.',
  );

/** Fields of the frames that change a message. */
const aboutMessage = { roomId, clientMsgId: clientMsgIdSchema, target: targetSchema };

export const editFrame = z
  .object({
    type: z.literal('edit'),
    ...aboutMessage,
    content: z.string().describe('The new text.'),
    mentions: mentionsSchema.optional().describe('Absent if the mentions stay as they are.'),
    data: dataSchema.optional().describe('Absent if the data stays as it is.'),
  })
  .describe('Replaces the text of an own message. Answered by `ack` or `error`.');

export const deleteFrame = z
  .object({ type: z.literal('delete'), ...aboutMessage })
  .describe('Deletes a message, with its text, data, mentions and reactions. Answered by `ack` or `error`.');

export const reactFrame = z
  .object({ type: z.literal('react'), ...aboutMessage, reaction: reactionSchema })
  .describe('Sets a reaction to a message. Answered by `ack` or `error`.');

export const unreactFrame = z
  .object({ type: z.literal('unreact'), ...aboutMessage, reaction: reactionSchema })
  .describe('Takes back a reaction. Answered by `ack` or `error`.');

export const appendFrame = z
  .object({
    type: z.literal('append'),
    ...aboutMessage,
    text: z.string().min(1).describe('Text to add at the end of the message.'),
  })
  .describe(
    'Adds text to an own message, for example while a language model writes it. Answered by `ack` or `error`.',
  );

export const presenceRequestFrame = z
  .object({
    type: z.literal('presence'),
    roomId,
    after: z.int().nonnegative().optional().describe('Value of `next` in the previous answer.'),
  })
  .describe('Requests the members who are present in a joined room. Answered by `presence` or `error`.');

export const typingFrame = z
  .object({ type: z.literal('typing'), roomId })
  .describe('The user is typing. Not answered; the other `chorus.v1` sockets in the room receive `typing`.');

export const refreshFrame = z
  .object({
    type: z.literal('refresh'),
    token: z.string().max(4_096).describe('A newer token of the same user.'),
  })
  .describe('Keeps the socket open past the expiry of its token. Answered by `refreshed` or `error`.');

export const watchRoomsFrame = z
  .object({ type: z.literal('watch-rooms') })
  .describe(
    'Asks for changes of the list of rooms that every user may see. Answered by `rooms-changed`, and by further ones as rooms are ' +
      'created, renamed and deleted, as long as the socket is open.',
  );

export const pingFrame = z
  .object({ type: z.literal('ping') })
  .describe('Answered by `pong`. For browsers, which cannot send WebSocket pings.');

export const authenticateFrame = z
  .object({
    type: z.literal('authenticate'),
    token: z.string().max(4_096).describe('Token from sign-in.'),
  })
  .describe(
    'First frame of a socket that was opened without cookie and `Authorization` header, as by pages of other ' +
      'sites. Must arrive within 5 seconds. Answered by `welcome`; the client sends no other frame before that.',
  );

/** Frames that a `chorus.v1` client sends after it has received `welcome`. */
export const clientFrameSchema = z.discriminatedUnion('type', [
  joinFrame,
  leaveFrame,
  publishFrame,
  editFrame,
  deleteFrame,
  reactFrame,
  unreactFrame,
  appendFrame,
  presenceRequestFrame,
  typingFrame,
  refreshFrame,
  watchRoomsFrame,
  watchInboxFrame,
  markReadFrame,
  pingFrame,
]);

export type AuthenticateFrame = z.infer<typeof authenticateFrame>;
export type ClientFrame = z.infer<typeof clientFrameSchema>;
/** Frames that change a message. */
export type ChangingFrame = Extract<ClientFrame, { target: unknown }>;
export type ClientFrameType = ClientFrame['type'];
