import { z } from 'zod';

/** Problem of a value that is not an id; follows the name of its field. */
export const ID_PROBLEM = 'must be a positive integer up to 2^53-1';

/** The largest integer that a JSON number represents exactly: 2^53 − 1. */
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
    { error: ID_PROBLEM },
  )
  .refine((id) => Number.isSafeInteger(id) && id > 0, ID_PROBLEM);

/** Parses an id; `undefined` for anything else. */
export function parseId(value: unknown): number | undefined {
  const result = idSchema.safeParse(value);
  return result.success ? result.data : undefined;
}
