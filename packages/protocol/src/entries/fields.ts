import { z } from 'zod';
import { positionSchema } from '../position-schema.js';

/** Largest `data` of a message, in bytes of its JSON. */
export const MAX_DATA_BYTES = 4_096;
/** Most mentions of one message. */
export const MAX_MENTIONS = 20;
/** Longest reaction, in UTF-16 code units. */
export const MAX_REACTION_LENGTH = 32;

const id = z.int().positive();

/** A user as other users see them. */
export const memberSchema = z.object({
  id,
  username: z.string(),
  bot: z.literal(true).optional().describe('Only for bots. Entries of versions before do not have it.'),
});

/** Position of the message that a reply or a change is about. */
export const targetSchema = positionSchema.describe('Position of the message.');

export const mentionsSchema = z
  .array(z.union([id, z.literal('room')]))
  .max(MAX_MENTIONS)
  .describe('Ids of the users that the message mentions; `room` for all members.');

export const dataSchema = z
  .record(z.string(), z.unknown())
  .describe('JSON object of the application, of at most 4,096 bytes. It is delivered unchanged.');

export const reactionSchema = z
  .string()
  .min(1)
  .max(MAX_REACTION_LENGTH)
  .describe('An emoji or a short name.');

export type Mention = z.infer<typeof mentionsSchema>[number];
export type MessageData = z.infer<typeof dataSchema>;
