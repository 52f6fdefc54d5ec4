import { randomBytes } from 'node:crypto';
import { compare, hash } from 'bcrypt';

/** bcrypt ignores all further bytes. */
export const MAX_PASSWORD_BYTES = 72;

/** Hashes and checks passwords with bcrypt. A text in NFC and in NFD is one password. */
export class Passwords {
  #decoy: Promise<string> | undefined;

  /** @param cost of new hashes: 2^cost rounds */
  constructor(private readonly cost: number) {}

  hash(password: string): Promise<string> {
    return hash(password.normalize('NFC'), this.cost);
  }

  /**
   * Whether `password` is the one behind `stored`. Without a `stored` hash, and for a password that no account can
   * have, returns false after as much time as any other comparison.
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const composed = password.normalize('NFC');
    if (stored === undefined || Buffer.byteLength(composed) > MAX_PASSWORD_BYTES) {
      this.#decoy ??= this.hash(randomBytes(18).toString('base64'));
      await compare(composed, await this.#decoy);
      return false;
    }
    if (await compare(composed, stored)) return true;
    // Earlier versions hashed the text as it was sent.
    return (
      composed !== password && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES && compare(password, stored)
    );
  }

  /** Makes the first refusal as fast as later ones, so that its time reveals nothing. */
  async warmUp(): Promise<void> {
    await this.matches('', undefined);
  }
}
