import { randomBytes } from 'node:crypto';
import { compare, hash } from 'bcrypt';

/** bcrypt looks at so many bytes and no further. */
export const MAX_PASSWORD_BYTES = 72;
export const MIN_PASSWORD_BYTES = 6;

/** Hashes and checks passwords with bcrypt. */
export class Passwords {
  #decoy: Promise<string> | undefined;

  /** @param cost of new hashes: 2^cost rounds */
  constructor(private readonly cost: number) {}

  hash(password: string): Promise<string> {
    return hash(password, this.cost);
  }

  /**
   * Whether `password` is the one behind `stored`. Without a `stored` hash, and for a password that
   * nobody can have, the answer is no and takes as long as any other.
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    if (stored !== undefined && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES) {
      return compare(password, stored);
    }
    this.#decoy ??= this.hash(randomBytes(18).toString('base64'));
    await compare(password, await this.#decoy);
    return false;
  }

  /** Makes the first refusal take no longer than later ones. */
  async warmUp(): Promise<void> {
    await this.matches('', undefined);
  }
}
