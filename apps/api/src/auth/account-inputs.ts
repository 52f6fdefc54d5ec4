import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { nameText, string } from '../names/name-text.js';
import { MAX_PASSWORD_BYTES, MIN_PASSWORD_BYTES } from './passwords.js';

/** RFC 5321's limit for a path, less its angle brackets. */
const MAX_EMAIL_LENGTH = 254;
const EMAIL_ERROR = 'must be an e-mail address';

const email = string()
  .max(MAX_EMAIL_LENGTH, `must be at most ${MAX_EMAIL_LENGTH} characters long`)
  // What browsers accept in <input type="email">: ASCII, so that lower case means one thing only.
  .regex(z.regexes.html5Email, EMAIL_ERROR);

const password = writtenAs(
  string().refine((text) => {
    const bytes = Buffer.byteLength(text);
    return bytes >= MIN_PASSWORD_BYTES && bytes <= MAX_PASSWORD_BYTES && !/[\0\p{Cs}]/u.test(text);
  }, `must be ${MIN_PASSWORD_BYTES} to ${MAX_PASSWORD_BYTES} bytes of valid text`),
  {
    type: 'string',
    format: 'password',
    // The fewest and most characters that can be so many bytes.
    minLength: Math.ceil(MIN_PASSWORD_BYTES / 4),
    maxLength: MAX_PASSWORD_BYTES,
    description: `${MIN_PASSWORD_BYTES} to ${MAX_PASSWORD_BYTES} bytes of UTF-8.`,
  },
);

export const signUpInput = named('SignUp', z.object({ username: nameText(64), email, password }));

/** Any password: one that nobody can have is refused like a wrong one. */
export const signInInput = named('SignIn', z.object({ email, password: string() }));

/** Two spellings of an address that differ only in case are the same account. */
export function emailKey(address: string): string {
  return address.toLowerCase();
}
