import { idSchema } from '@chorus/protocol';
import { z } from 'zod';
import type { Context } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { nameText } from '../http/text.js';

const name = nameText(128);

/** Most entries in one answer of the seed's lists. */
export const SEED_PAGE = 1_000;
const MAX_PAGE = 100;
const DEFAULT_PAGE = 50;

const WHOLE_NUMBER = 'must be a whole number up to 2^53-1';

/** The id after which a list goes on; 0 is its start. */
export const cursor = z
  .string(WHOLE_NUMBER)
  .regex(/^\d{1,16}$/, WHOLE_NUMBER)
  .transform(Number)
  .refine(Number.isSafeInteger, WHOLE_NUMBER)
  .default(0);

/** How many entries a page has. */
export const limit = z
  .string(`must be a whole number from 1 to ${MAX_PAGE}`)
  .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${MAX_PAGE}`)
  .transform(Number)
  .refine((value) => value >= 1 && value <= MAX_PAGE, `must be a whole number from 1 to ${MAX_PAGE}`)
  .default(DEFAULT_PAGE);

export const createRoomInput = z.object({ id: idSchema.optional(), name });
export const renameRoomInput = z.object({ name });
export const listRoomsInput = z.object({ cursor, limit });
export const seedListInput = z.object({ after: cursor });

const roomPath = z.object({ roomId: idSchema });

/** The room that the path names. */
export function roomIdOf(ctx: Context): number {
  return parseInput(roomPath, ctx.params).roomId;
}
