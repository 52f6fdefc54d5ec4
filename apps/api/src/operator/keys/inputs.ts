import { KEY_ID } from '@chorus/auth';
import { idSchema, KEY_SCOPE_NAMES } from '@chorus/protocol';
import { z } from 'zod';
import { nameText } from '../../names/text.js';
import { limit } from '../../rooms/inputs.js';
import { futureTime } from '../inputs.js';

const SCOPES = `must be a list of ${KEY_SCOPE_NAMES.join(', ')}`;
const LIMIT = 'must be a whole number from 1 to 1000000';
const id = z.string().regex(KEY_ID, 'must be the id of a key: 12 letters and digits');

export const newKeyInput = z.strictObject({
  name: nameText(64),
  scopes: z
    .array(z.enum(KEY_SCOPE_NAMES, SCOPES), SCOPES)
    .min(1, SCOPES)
    .transform((scopes) => KEY_SCOPE_NAMES.filter((scope) => scopes.includes(scope))),
  botId: idSchema.optional(),
  messagesPerSecond: z.int(LIMIT).min(1, LIMIT).max(1_000_000, LIMIT).optional(),
  expiresAt: futureTime.optional(),
});

export const listKeysInput = z.strictObject({ cursor: id.optional(), limit });
export const keyPath = z.object({ keyId: id });
