import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { isAvatarUrl, MAX_AVATAR_LENGTH } from '../names/avatar-url.js';
import { nameText, string } from '../names/text.js';
import { MAX_PASSWORD_BYTES } from './passwords/passwords.js';

/** RFC 5321's limit for a path, without its angle brackets. */
const MAX_EMAIL_LENGTH = 254;
const EMAIL_ERROR = 'must be an e-mail address';

const email = string()
  .max(MAX_EMAIL_LENGTH, `must be at most ${MAX_EMAIL_LENGTH} characters long`)
  // What browsers accept in <input type="email">: ASCII, so that lower case means one thing only.
  .regex(z.regexes.html5Email, EMAIL_ERROR);

/** A password that can be stored. {@link PasswordRules} decides whether it may be chosen. */
const newPassword = writtenAs(
  string().refine((text) => {
    const bytes = Buffer.byteLength(text.normalize('NFC'));
    return bytes > 0 && bytes <= MAX_PASSWORD_BYTES && !/[\0\p{Cs}]/u.test(text);
  }, `must be at most ${MAX_PASSWORD_BYTES} bytes of valid text`),
  {
    type: 'string',
    format: 'password',
    minLength: 1,
    maxLength: MAX_PASSWORD_BYTES,
    description:
      `At least \`PASSWORD_MIN_LENGTH\` characters (default 6), at most ${MAX_PASSWORD_BYTES} bytes of UTF-8. Must not be ` +
      'the user name, the e-mail address or one of the 10,000 most common passwords.',
  },
);

export const returnToken = z
  .boolean('must be true or false')
  .optional()
  .describe('Returns the token in the body and sets no cookie. For pages of other sites.');

export const signUpInput = named(
  'SignUp',
  z.object({ username: nameText(64), email, password: newPassword }),
);

/** Accepts any password: one that no account can have is refused like a wrong one. */
export const signInInput = named(
  'SignIn',
  z.object({
    email,
    password: string(),
    returnToken,
  }),
);

export const changePasswordInput = named(
  'PasswordChange',
  z.strictObject({ currentPassword: string(), newPassword }),
);

export const forgotPasswordInput = named('ForgottenPassword', z.strictObject({ email }));

/** Longer than any token: {@link resetPasswordInput} takes any text for one, and an unknown one gets 404. */
const MAX_RESET_TOKEN_LENGTH = 128;

export const resetPasswordInput = named(
  'PasswordReset',
  z.strictObject({
    token: string()
      .min(1, 'must not be empty')
      .max(MAX_RESET_TOKEN_LENGTH, `must be at most ${MAX_RESET_TOKEN_LENGTH} characters long`)
      .describe('The token of a reset link.'),
    newPassword,
  }),
);

const AVATAR_ERROR = `must be an https:// URL of at most ${MAX_AVATAR_LENGTH} characters, or null`;

const avatarUrl = writtenAs(string().refine(isAvatarUrl, AVATAR_ERROR).nullable(), {
  type: ['string', 'null'],
  maxLength: MAX_AVATAR_LENGTH,
  description: 'HTTPS URL in ASCII; null removes it.',
});

export const changeProfileInput = named(
  'ProfileChange',
  z.strictObject({
    displayName: nameText(64).nullable().optional().describe('Need not be unique. Null removes it.'),
    avatarUrl: avatarUrl.optional(),
  }),
);

export const deleteAccountInput = named(
  'AccountDeletion',
  z.strictObject({
    password: string().optional().describe('Required of users who have one.'),
  }),
);

/** Returns the form in which addresses are compared: addresses that differ only in case belong to one account. */
export function emailKey(address: string): string {
  return address.toLowerCase();
}
