import { idSchema } from '@chorus/protocol';
import { z } from 'zod';
import type { Context, Step } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { nameText, string } from '../names/text.js';
import { cursor, limit } from '../rooms/inputs.js';

/** Default share of the connections above the average that a node gives up per minute. */
const DEFAULT_SHARE = 0.05;
const MAX_BROADCAST_LENGTH = 4_000;
const SHARE = 'must be a number above 0, up to 1';
const FUTURE = 'must be a time to come, such as 2030-01-31T12:00:00Z';

/** A time that is not over. */
export const futureTime = z.iso
  .datetime({ offset: true, error: FUTURE })
  .transform((text) => new Date(text))
  .refine((time) => time.getTime() > Date.now(), FUTURE);

const content = string()
  .refine((text) => text.trim() !== '', 'must not be blank')
  .refine(
    (text) => [...text].length <= MAX_BROADCAST_LENGTH,
    `must be at most ${MAX_BROADCAST_LENGTH} characters long`,
  )
  .refine((text) => !/[\0\p{Cs}]/u.test(text), 'must be valid text');

// Strict: a mistyped `until` must not become a permanent ban, nor a mistyped `roomId` a ban from everything.
export const banInput = z.strictObject({
  roomId: idSchema.optional(),
  until: futureTime.optional(),
  reason: nameText(200).optional(),
});
export const roomInput = z.strictObject({ roomId: idSchema.optional() });
export const rebalanceInput = z.strictObject({
  sharePerMinute: z.number(SHARE).gt(0, SHARE).max(1, SHARE).default(DEFAULT_SHARE),
});
export const broadcastInput = z.strictObject({ content });
export const listBansInput = z.strictObject({ cursor, limit });
export const listRoomsInput = z.strictObject({ limit });
export const nothing = z.strictObject({});

/** Refuses query parameters: a ban with `?until=` instead of a body would be permanent. */
export const noQuery: Step = (ctx, next) => {
  parseInput(nothing, ctx.query);
  return next();
};

const userPath = z.object({ userId: idSchema });

/** Returns the user id of the path. */
export function userIdOf(ctx: Context): number {
  return parseInput(userPath, ctx.params).userId;
}
