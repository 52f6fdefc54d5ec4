import { idSchema, MAX_ID } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { nameText } from '../names/text.js';
import { USER_KINDS } from './json.js';

const username = nameText(64);

export const newUserInput = named(
  'NewUser',
  z.strictObject({
    username,
    kind: z
      .enum(USER_KINDS, { error: 'must be person or bot' })
      .default('person')
      .describe('A bot acts with API keys of its own; a person is acted as with the scope `act-as`.'),
  }),
);

export const changeUserInput = named('UserChange', z.strictObject({ username }));

export const userPath = z.object({
  userId: writtenAs(idSchema, { type: 'integer', minimum: 1, maximum: MAX_ID }),
});
