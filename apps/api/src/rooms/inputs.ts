import { idSchema, isStorable, MAX_ID } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { nameText, string } from '../names/text.js';

const name = nameText(128);

/** Largest number of entries in a list of the original routes. */
export const ORIGINAL_PAGE = 1_000;
const MAX_PAGE = 100;
const DEFAULT_PAGE = 50;

const WHOLE_NUMBER = 'must be a whole number up to 2^53-1';

/** A list continues after this id; 0 is its start. */
export const cursor = writtenAs(
  z
    .string(WHOLE_NUMBER)
    .regex(/^\d{1,16}$/, WHOLE_NUMBER)
    .transform(Number)
    .refine(Number.isSafeInteger, WHOLE_NUMBER)
    .default(0),
  {
    type: 'integer',
    minimum: 0,
    maximum: MAX_ID,
    default: 0,
    description: 'Only entries with larger ids. 0 starts the list.',
  },
);

/** Largest number of entries of a page. */
export const limit = writtenAs(
  z
    .string(`must be a whole number from 1 to ${MAX_PAGE}`)
    .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${MAX_PAGE}`)
    .transform(Number)
    .refine((value) => value >= 1 && value <= MAX_PAGE, `must be a whole number from 1 to ${MAX_PAGE}`)
    .default(DEFAULT_PAGE),
  {
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE,
    default: DEFAULT_PAGE,
    description: 'Largest number of entries of the page.',
  },
);

const id = writtenAs(idSchema.optional(), {
  anyOf: [
    { type: 'integer', minimum: 1, maximum: MAX_ID },
    { type: 'string', pattern: '^0*[1-9][0-9]{0,15}$', maxLength: 16 },
  ],
  description: 'Id of the new room. Default: the next free id.',
});

const MAX_TOPIC = 500;
const topic = writtenAs(
  string().refine((text) => isStorable(text) && [...text].length <= MAX_TOPIC, {
    error: `must be up to ${MAX_TOPIC} storable characters`,
  }),
  { type: 'string', description: `What the room is about, up to ${MAX_TOPIC} characters. Default: empty.` },
);

/** Six hours. */
const MAX_SLOW_MODE_SECONDS = 21_600;
const SLOW_MODE = `must be a whole number from 0 to ${MAX_SLOW_MODE_SECONDS}`;

/** A hundred years. */
const MAX_RETENTION_DAYS = 36_500;
const RETENTION = `must be a whole number from 1 to ${MAX_RETENTION_DAYS}, or null`;

/** Id of a user in a body. */
export const bodyId = writtenAs(idSchema, {
  anyOf: [
    { type: 'integer', minimum: 1, maximum: MAX_ID },
    { type: 'string', pattern: '^0*[1-9][0-9]{0,15}$', maxLength: 16 },
  ],
});

/** The original service ignores unknown fields. */
export const createOriginalRoomInput = named('NewOriginalRoom', z.object({ id, name }));
export const createRoomInput = named(
  'NewRoom',
  z.strictObject({
    id,
    name,
    kind: z
      .enum(['public', 'private'], { error: 'must be public or private' })
      .default('public')
      .describe('Every user finds and reads a public room, only members a private one.'),
    topic: topic.default(''),
  }),
);
export const changeRoomInput = named(
  'RoomChange',
  z
    .strictObject({
      name: name.optional(),
      topic: topic.optional(),
      slowModeSeconds: z
        .int(SLOW_MODE)
        .min(0, SLOW_MODE)
        .max(MAX_SLOW_MODE_SECONDS, SLOW_MODE)
        .optional()
        .describe('Seconds between two messages of one user; 0 ends slow mode.'),
      retentionDays: z
        .int(RETENTION)
        .min(1, RETENTION)
        .max(MAX_RETENTION_DAYS, RETENTION)
        .nullable()
        .optional()
        .describe(
          'Days for which messages are kept: older ones are not served any more, and removed. Null: as long as the server keeps messages. If the server keeps them for less time, that applies.',
        ),
    })
    .refine((change) => Object.values(change).some((value) => value !== undefined), {
      path: ['name'],
      message: 'is required',
    }),
);
export const directRoomInput = named(
  'DirectRoom',
  z.strictObject({
    userIds: z
      .array(bodyId, { error: 'must be a list of ids' })
      .min(1, 'must not be empty')
      .max(100, 'must have at most 100 entries')
      .describe('The other users of the room. The user who asks is added.'),
  }),
);
export const listRoomsInput = z.object({ cursor, limit });
export const originalListInput = z.object({ after: cursor });

/** Path parameters of a room's routes. */
export const roomPath = z.object({
  roomId: writtenAs(idSchema, { type: 'integer', minimum: 1, maximum: MAX_ID }),
});
