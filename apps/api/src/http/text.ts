import { z } from 'zod';

/**
 * Control characters, line separators and halves of surrogate pairs: nothing that belongs in a
 * name, and PostgreSQL refuses NUL altogether.
 */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/** A string; its errors read well after the name of the field. */
export const string = () =>
  z.string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be a string') });

/** A name that people read: kept as written, up to `max` characters (code points). */
export const nameText = (max: number) =>
  string()
    .refine((text) => text !== '' && [...text].length <= max, `must be 1 to ${max} characters long`)
    .refine((text) => !UNPRINTABLE.test(text), 'must not contain control characters')
    .refine((text) => text.trim() !== '', 'must not be blank');
