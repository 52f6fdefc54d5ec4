import { POSITION_PROBLEM, parsePosition } from '@chorus/protocol';
import { z } from 'zod';
import { writtenAs } from '../http/schemas.js';
import { limit } from '../rooms/inputs.js';
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
    limit,
  })
  .refine((input) => input.before === undefined || input.after === undefined, {
    path: ['after'],
    message: 'must not be given together with before',
  });
