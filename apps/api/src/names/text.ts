import { z } from 'zod';
import { writtenAs } from '../http/schemas.js';

/** Control characters, line separators and halves of surrogate pairs. PostgreSQL cannot store NUL at all. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Characters that are invisible or change the direction of text. Outside of an emoji they only disguise a name. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u;

/** Characters that fonts cannot contain. */
const UNASSIGNED = /[\p{Co}\p{Cn}]/u;

/** One emoji with its joiners, selectors and tags. */
const EMOJI = /\p{RGI_Emoji}/gv;

/** UTS #39 (5.4): no script needs more combining marks on one letter. */
const MAX_MARKS = 4;
const MANY_MARKS = new RegExp(`\\p{M}{${MAX_MARKS + 1}}`, 'u');
const LEADING_MARK = /^\p{M}/u;

/** U+2800 is a braille pattern without a dot. */
const BLANK = /^[\s\u2800]*$/u;

/** A string schema whose errors read well after the name of the field. */
export const string = () =>
  z.string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be a string') });

/**
 * A name for people: returned in NFKC without spaces at its ends, 1 to `max` code points long. `nameKeys` handles
 * names that are spelled differently and look alike.
 */
export const nameText = (max: number) =>
  writtenAs(
    string().transform((text, context) => {
      const name = text.normalize('NFKC').trim();
      const wrong = text === '' ? `must be 1 to ${max} characters long` : faultOf(text, name, max);
      if (wrong === undefined) return name;
      context.addIssue(wrong);
      return z.NEVER;
    }),
    {
      type: 'string',
      minLength: 1,
      description:
        `1 to ${max} characters after Unicode normalization (NFKC) and without spaces at the ends. No control, ` +
        `invisible, private-use or unassigned characters, at most ${MAX_MARKS} combining marks in a row, and not ` +
        'only spaces.',
    },
  );

/** Returns what is wrong with a name; undefined if it is valid. `text` is the input, `name` its normal form. */
function faultOf(text: string, name: string, max: number): string | undefined {
  // Checked on the input: trimming removes line breaks and U+FEFF.
  if (CONTROL.test(text)) return 'must not contain control characters';
  if (INVISIBLE.test(text.replace(EMOJI, ''))) return 'must not contain invisible characters';
  if (UNASSIGNED.test(name)) return 'must not contain private-use or unassigned characters';
  if (BLANK.test(name)) return 'must not be blank';
  if ([...name].length > max) return `must be 1 to ${max} characters long`;
  if (LEADING_MARK.test(name)) return 'must not begin with a combining mark';
  if (MANY_MARKS.test(name.normalize('NFD').replace(EMOJI, '')))
    return `must not contain more than ${MAX_MARKS} combining marks in a row`;
  return undefined;
}
