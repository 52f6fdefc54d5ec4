import { z } from 'zod';
import { positionSchema } from './position-schema.js';

const roomId = z.int().positive();
const n = z.int().nonnegative();
const place = positionSchema.shape;

export const watchInboxFrame = z
  .object({ type: z.literal('watch-inbox') })
  .describe(
    'Asks for news of all rooms of which the user is a member, joined or not. Answered by `inbox-watched` or `error`; ' +
      'then `inbox`, `inbox-rooms` and `read` follow as long as the socket is open, or until `inbox-reset`.',
  );

export const markReadFrame = z
  .object({
    type: z.literal('read'),
    roomId: roomId.describe('A room of which the user is a member. The socket need not have joined it.'),
    ...place,
    unread: z
      .literal(true)
      .optional()
      .describe('Whether the position may move backwards, to mark the entries after it as unread.'),
  })
  .describe(
    'Marks the entries of a room up to a position as read, or up to the newest one if the position is beyond it. ' +
      'Answered by `read` or `error`.',
  );

export const inboxWatchedFrame = z
  .object({
    type: z.literal('inbox-watched'),
    rooms: z.int().nonnegative().describe('Number of rooms of which the user is a member.'),
  })
  .describe(
    'The socket receives news of the rooms of the user from here on. Read the inbox from the API now.',
  );

/** News of one room. */
export const roomNews = z.object({
  roomId,
  ...place,
  n: n.describe('Ordinal of the newest message in the room; 0 in a room without messages.'),
  messages: n.describe('Number of new messages since the previous frame about the room.'),
  ownN: z
    .int()
    .positive()
    .optional()
    .describe('Ordinal of the last of these messages that the user sent: it reads all messages up to it.'),
  mentions: z
    .int()
    .positive()
    .optional()
    .describe('Number of these messages that mention the user or all members, without those of the user.'),
  deleted: z
    .array(z.int().positive())
    .optional()
    .describe('Ordinals of the messages that were deleted since the previous frame about the room.'),
});

export const inboxFrame = z
  .object({ type: z.literal('inbox'), rooms: z.array(roomNews) })
  .describe(
    'There is something new in rooms of the user. Sent to sockets that sent `watch-inbox`, gathered. `epoch` and `seq` are the ' +
      'position of the newest message or deletion.',
  );

export const inboxRoomsFrame = z
  .object({
    type: z.literal('inbox-rooms'),
    added: z.array(roomId).describe('Rooms of which the user has become a member.'),
    removed: z
      .array(roomId)
      .describe(
        'Rooms of which the user is no longer a member, or that were deleted. No news of them follow.',
      ),
  })
  .describe('The rooms of the user have changed. Sent to sockets that sent `watch-inbox`.');

export const inboxResetFrame = z
  .object({ type: z.literal('inbox-reset') })
  .describe(
    'The gateway may have missed news of rooms, or the socket read too slowly: no more follow. Send `watch-inbox` again after a ' +
      'random time of up to three seconds, and then read the inbox from the API.',
  );

export const readNoticeFrame = z
  .object({
    type: z.literal('read'),
    roomId,
    userId: z.int().positive().describe('The user who has read.'),
    ...place,
    n: n
      .optional()
      .describe(
        'Ordinal of the last message up to the position. Absent if unknown: read the inbox from the API.',
      ),
    unread: z
      .literal(true)
      .optional()
      .describe('The position may have moved backwards: the user has marked the entries after it as unread.'),
  })
  .describe(
    'A user has read a room up to this position. Sent to the socket that sent `read`, to sockets of that user that sent ' +
      '`watch-inbox`, and in rooms with at most 100 members to all `chorus.v1` sockets in the room.',
  );

export type InboxFrame = z.infer<typeof inboxFrame>;
export type RoomNews = z.infer<typeof roomNews>;
export type InboxRoomsFrame = z.infer<typeof inboxRoomsFrame>;
export type ReadNoticeFrame = z.infer<typeof readNoticeFrame>;
