import { idSchema, MAX_ID } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { nameText } from '../names/text.js';

const name = nameText(128);

/** Most entries in one answer of the seed's lists. */
export const SEED_PAGE = 1_000;
const MAX_PAGE = 100;
const DEFAULT_PAGE = 50;

const WHOLE_NUMBER = 'must be a whole number up to 2^53-1';

/** The id after which a list goes on; 0 is its start. */
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
    description: 'The list goes on after this id.',
  },
);

/** How many entries a page has. */
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
    description: 'How many entries a page has.',
  },
);

const id = writtenAs(idSchema.optional(), {
  anyOf: [
    { type: 'integer', minimum: 1, maximum: MAX_ID },
    { type: 'string', pattern: '^0*[1-9][0-9]{0,15}$', maxLength: 16 },
  ],
  description: 'Without it the room gets the next id that nobody has chosen.',
});

/** The original service ignores fields that it does not know. */
export const createSeedRoomInput = named('NewSeedRoom', z.object({ id, name }));
export const createRoomInput = named('NewRoom', z.strictObject({ id, name }));
export const renameRoomInput = named('RoomName', z.strictObject({ name }));
export const listRoomsInput = z.object({ cursor, limit });
export const seedListInput = z.object({ after: cursor });

/** The path of whatever belongs to a room. */
export const roomPath = z.object({
  roomId: writtenAs(idSchema, { type: 'integer', minimum: 1, maximum: MAX_ID }),
});
