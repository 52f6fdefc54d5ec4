import { parsePosition } from '@chorus/protocol';
import { z } from 'zod';
import { limit } from '../rooms/room-inputs.js';

const POSITION = 'must be a position such as 1767225600000-12';

const position = z.string(POSITION).transform((text, context) => {
  const parsed = parsePosition(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(POSITION);
  return z.NEVER;
});

export const listMessagesInput = z
  .object({ before: position.optional(), after: position.optional(), limit })
  .refine((input) => input.before === undefined || input.after === undefined, {
    path: ['after'],
    message: 'must not be given together with before',
  });
