import { z } from 'zod';

/** The largest id that a JSON number carries without loss: 2^53 − 1. */
export const MAX_ID = Number.MAX_SAFE_INTEGER;

/**
 * A user or room id: a positive integer up to {@link MAX_ID}.
 * Numeric strings are accepted on input (path and query parameters are always strings);
 * the parsed value is always a number.
 */
export const idSchema = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^[0-9]{1,16}$/)
        .transform(Number),
    ],
    { error: 'must be a positive integer up to 2^53-1' },
  )
  .refine((id) => Number.isSafeInteger(id) && id > 0, 'must be a positive integer up to 2^53-1');

/** Parses an id; `undefined` for anything else. */
export function parseId(value: unknown): number | undefined {
  const result = idSchema.safeParse(value);
  return result.success ? result.data : undefined;
}
