import {
  dataSchema,
  isStorable,
  mentionsSchema,
  POSITION_PROBLEM,
  parsePosition,
  reactionSchema,
  targetSchema,
} from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { cursor, limit, roomPath } from '../rooms/inputs.js';
import { POSITION_PATTERN } from './json.js';

const position = z.string(POSITION_PROBLEM).transform((text, context) => {
  const parsed = parsePosition(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(POSITION_PROBLEM);
  return z.NEVER;
});

const WRITTEN = { type: 'string', pattern: POSITION_PATTERN, examples: ['1767225600000-12'] };

export const listMessagesInput = z
  .object({
    before: writtenAs(position.optional(), {
      ...WRITTEN,
      description: 'Only messages before this position.',
    }),
    after: writtenAs(position.optional(), {
      ...WRITTEN,
      description:
        'Only messages after this position; `0-0` starts with the first message. Excludes `before`.',
    }),
    changedSince: writtenAs(position.optional(), {
      ...WRITTEN,
      description:
        'Messages that changed after this position, whenever they were sent. Excludes `before` and `after`.',
    }),
    changes: writtenAs(
      z
        .enum(['true', 'false'], 'must be true or false')
        .default('false')
        .transform((text) => text === 'true'),
      {
        type: 'boolean',
        default: false,
        description:
          'Whether the page has the changes of the members and of the room among its messages. Excludes `changedSince`.',
      },
    ),
    limit,
  })
  .refine((input) => input.before === undefined || input.after === undefined, {
    path: ['after'],
    message: 'must not be given together with before',
  })
  .refine(
    ({ before, after, changedSince, changes }) =>
      changedSince === undefined || (before === undefined && after === undefined && !changes),
    { path: ['changedSince'], message: 'must not be given together with before, after or changes' },
  );

/** Path parameters of a message's routes. */
export const messagePath = roomPath.extend({
  position: writtenAs(position, { ...WRITTEN, description: 'Position of the message.' }),
});

/** Path parameters of a reaction. */
export const reactionPath = messagePath.extend({ reaction: reactionSchema });

const content = z.string().describe('The text.');

export const newMessageInput = named(
  'NewMessage',
  z.strictObject({
    content,
    mentions: mentionsSchema.optional(),
    replyTo: targetSchema
      .optional()
      .describe(
        'Position of the message that this one replies to. It is not checked, because the message may be older than the recent history.',
      ),
    data: dataSchema.optional(),
  }),
);

export const editInput = named(
  'MessageEdit',
  z.strictObject({
    content,
    mentions: mentionsSchema.optional().describe('Absent if the mentions stay as they are.'),
    data: dataSchema.optional().describe('Absent if the data stays as it is.'),
  }),
);

export const appendInput = named(
  'MessageAppend',
  z.strictObject({ text: z.string().min(1).describe('Text to add at the end of the message.') }),
);

/** Longest reason of a report, in UTF-16 code units. */
const MAX_REASON = 1_000;

export const reportInput = named(
  'NewReport',
  z.strictObject({
    reason: z
      .string()
      .min(1)
      .max(MAX_REASON)
      .refine(isStorable, 'holds a character that cannot be stored')
      .describe('Why the message is reported.'),
  }),
);

export const listReportsInput = z.object({ cursor, limit });
