import { idSchema, MAX_ID, POSITION_PROBLEM, parsePosition } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { POSITION_PATTERN } from '../messages/json.js';
import { limit } from '../rooms/inputs.js';
import type { InboxPlace } from './inbox-repository.js';

const CURSOR = 'must be a value of `next`';
/** Latest time of a JavaScript date. */
const LATEST_TIME = 8.64e15;

const cursor = writtenAs(
  z
    .string(CURSOR)
    .regex(/^\d{1,16}-\d{1,16}$/, CURSOR)
    .transform((text): InboxPlace => {
      const [activityAt, roomId] = text.split('-').map(Number);
      return { activityAt: activityAt ?? 0, roomId: roomId ?? 0 };
    })
    .refine(({ activityAt, roomId }) => activityAt <= LATEST_TIME && Number.isSafeInteger(roomId), CURSOR)
    .optional(),
  {
    type: 'string',
    pattern: '^[0-9]{1,15}-[0-9]{1,15}$',
    description: 'Value of `next` in the previous answer. Absent: the list begins.',
  },
);

export function formatCursor({ activityAt, roomId }: InboxPlace): string {
  return `${activityAt}-${roomId}`;
}

export const listInboxInput = z
  .object({
    limit,
    cursor,
    roomId: writtenAs(idSchema.optional(), {
      type: 'integer',
      minimum: 1,
      maximum: MAX_ID,
      description: 'Only this room. Excludes `cursor`.',
    }),
  })
  .refine((input) => input.cursor === undefined || input.roomId === undefined, {
    path: ['roomId'],
    message: 'must not be given together with cursor',
  });

const position = z.string(POSITION_PROBLEM).transform((text, context) => {
  const parsed = parsePosition(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(POSITION_PROBLEM);
  return z.NEVER;
});

export const markReadInput = named(
  'ReadMark',
  z.strictObject({
    position: writtenAs(position, {
      type: 'string',
      pattern: POSITION_PATTERN,
      description:
        'Everything up to this position is read. A position beyond the newest entry counts as that of the newest.',
      examples: ['1767225600000-12'],
    }),
    unread: z
      .boolean()
      .default(false)
      .describe('Whether the position may move backwards, to mark the entries after it as unread.'),
  }),
);
