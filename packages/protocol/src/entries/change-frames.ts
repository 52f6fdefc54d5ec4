import { z } from 'zod';
import { ROOM_ROLES } from '../access/table.js';
import { clientMsgIdSchema } from '../client-frames.js';
import { positionSchema } from '../position-schema.js';
import { dataSchema, memberSchema, mentionsSchema, reactionSchema, targetSchema } from './fields.js';

const id = z.int().positive();
const text = z.string();
const time = z.int().describe('Milliseconds since 1970.');

const start = { ...positionSchema.shape, type: z.literal('change') };
const end = {
  roomId: id,
  username: text,
  userId: z
    .int()
    .nonnegative()
    .describe(
      'Id of the user who made the change; 0 for an application, whose API key has the name `username`.',
    ),
  id: text.describe('Id, unique over all entries of the cluster.'),
  sentAt: time.describe('When the change was made, in milliseconds since 1970 by the clock of a server.'),
  clientMsgId: clientMsgIdSchema.optional().describe('Id that the sender gave the change.'),
};
const target = targetSchema;
const aboutMember = { member: memberSchema };
const role = z.enum(ROOM_ROLES);

export const editedFrame = z
  .object({
    ...start,
    change: z.literal('edited'),
    target,
    mentions: mentionsSchema.optional().describe('Absent if the mentions stay as they are.'),
    content: text.describe('The new text.'),
    ...end,
    data: dataSchema.optional().describe('Absent if the data stays as it is.'),
  })
  .describe('A message has a new text.');

export const deletedFrame = z
  .object({
    ...start,
    change: z.literal('deleted'),
    target,
    author: memberSchema.describe('The user who sent the message.'),
    n: z.int().positive().describe('Ordinal of the message.'),
    originalSentAt: time.describe('`sentAt` of the message.'),
    ...end,
  })
  .describe('A message was deleted. Its text, data, mentions and reactions are gone.');

export const reactedFrame = z
  .object({ ...start, change: z.enum(['reacted', 'unreacted']), target, reaction: reactionSchema, ...end })
  .describe('A user has set a reaction to a message, or has taken it back.');

export const appendedFrame = z
  .object({
    ...start,
    change: z.literal('appended'),
    target,
    text: text.describe('Text to add at the end of the message.'),
    ...end,
  })
  .describe('The author has added text to a message.');

export const memberAddedFrame = z
  .object({ ...start, change: z.literal('member-added'), ...aboutMember, role: role.optional(), ...end })
  .describe('A user has become a member. `role` is absent for `member`.');

export const memberChangedFrame = z
  .object({
    ...start,
    change: z.literal('member-changed'),
    ...aboutMember,
    role: role.optional().describe('Absent if the role stays as it is.'),
    mutedUntil: time
      .nullable()
      .optional()
      .describe('End of the mute in milliseconds since 1970; null for none; absent if it stays as it is.'),
    ...end,
  })
  .describe('A member has another role, or was muted or unmuted.');

export const memberRemovedFrame = z
  .object({ ...start, change: z.literal('member-removed'), ...aboutMember, ...end })
  .describe('A user is no longer a member, by their own decision if `userId` is the id of `member`.');

export const roomChangedFrame = z
  .object({
    ...start,
    change: z.literal('room-changed'),
    name: text.optional(),
    topic: text.optional(),
    slowModeSeconds: z.int().nonnegative().optional(),
    ...end,
  })
  .describe('The room has new properties. Absent fields stay as they are.');

export const erasedFrame = z
  .object({ ...start, change: z.literal('erased'), roomId: id })
  .describe(
    'The entry at this position was erased: a deleted message, or a change of one. Only sent when missed entries are replayed.',
  );

const aboutRoom = [memberAddedFrame, memberChangedFrame, memberRemovedFrame, roomChangedFrame] as const;

/** Changes of the members and of the room, which the history keeps in their place between the messages. */
export const roomChangeFrame = z.discriminatedUnion('change', aboutRoom);

/** Entries of a room that are not messages. Each has a position. Plain sockets do not receive them. */
export const changeFrame = z.discriminatedUnion('change', [
  editedFrame,
  deletedFrame,
  reactedFrame,
  appendedFrame,
  ...aboutRoom,
  erasedFrame,
]);

export type ChangeFrame = z.infer<typeof changeFrame>;
export type ChangeKind = ChangeFrame['change'];
/** A change that a user or program makes; `erased` is made by no one. */
export type MadeChange = Exclude<ChangeFrame, { change: 'erased' }>;
/** A change of the members or of the room. */
export type RoomChange = z.infer<typeof roomChangeFrame>;
export const ROOM_CHANGES: readonly ChangeKind[] = roomChangeFrame.options.map(
  (frame) => frame.shape.change.value,
);
/** A change of one message. */
export type MessageChange = Extract<ChangeFrame, { target: unknown }>;
