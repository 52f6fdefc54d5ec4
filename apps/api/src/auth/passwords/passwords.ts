import { randomBytes } from 'node:crypto';
import { compare, hash } from 'bcrypt';

/** bcrypt reads this many bytes and no more. */
export const MAX_PASSWORD_BYTES = 72;

/** Hashes and checks passwords with bcrypt. The same text composed differently (NFC, NFD) is the same password. */
export class Passwords {
  #decoy: Promise<string> | undefined;

  /** @param cost of new hashes: 2^cost rounds */
  constructor(private readonly cost: number) {}

  hash(password: string): Promise<string> {
    return hash(password.normalize('NFC'), this.cost);
  }

  /**
   * Whether `password` is the one behind `stored`. Without a `stored` hash, and for a password that no account can
   * have, the answer is no and takes as long as any other.
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const composed = password.normalize('NFC');
    if (stored === undefined || Buffer.byteLength(composed) > MAX_PASSWORD_BYTES) {
      this.#decoy ??= this.hash(randomBytes(18).toString('base64'));
      await compare(composed, await this.#decoy);
      return false;
    }
    if (await compare(composed, stored)) return true;
    // Hashes of earlier versions are of the text as it was sent.
    return (
      composed !== password && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES && compare(password, stored)
    );
  }

  /** Makes the first refusal take no longer than later ones. */
  async warmUp(): Promise<void> {
    await this.matches('', undefined);
  }
}
