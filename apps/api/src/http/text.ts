import { z } from 'zod';
import { writtenAs } from './schemas.js';

/**
 * Control characters, line separators and halves of surrogate pairs: nothing that belongs in a
 * name, and PostgreSQL refuses NUL altogether.
 */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/** The same, with something that is not blank, as the API's document says it. */
const NAME_PATTERN =
  '^[^\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cs}]*[^\\s\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cs}][^\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cs}]*$';

/** A string; its errors read well after the name of the field. */
export const string = () =>
  z.string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be a string') });

/** A name that people read: kept as written, up to `max` characters (code points). */
export const nameText = (max: number) =>
  writtenAs(
    string()
      .refine((text) => text !== '' && [...text].length <= max, `must be 1 to ${max} characters long`)
      .refine((text) => !UNPRINTABLE.test(text), 'must not contain control characters')
      .refine((text) => text.trim() !== '', 'must not be blank'),
    { type: 'string', minLength: 1, maxLength: max, pattern: NAME_PATTERN },
  );
