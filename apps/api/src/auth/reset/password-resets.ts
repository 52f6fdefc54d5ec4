import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '@chorus/database';

/** A link by which a user chooses a new password without the present one. It can be used once. */
export interface ResetLink {
  readonly token: string;
  readonly expiresAt: Date;
}

/** 256 bits. */
const TOKEN_BYTES = 32;
/** Time for which a link is valid, in seconds: it stands in mails and chats, which others may read later. */
const VALID_SECONDS = 3_600;

/** Reset links in PostgreSQL, which has only the hashes of their tokens and decides by its clock when they expire. */
export class PasswordResets {
  constructor(private readonly db: Database) {}

  /** Makes a link, and removes expired ones of all users. @returns undefined when there is no such user, or none with a password */
  async create(userId: number): Promise<ResetLink | undefined> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    // A statement of its own, which waits for no other one: with the next one it could deadlock with the deletion of a user.
    await this.db.$executeRaw`
      DELETE FROM password_resets WHERE token_hash IN (
        SELECT token_hash FROM password_resets WHERE expires_at <= now() FOR UPDATE SKIP LOCKED
      )`;
    const [row] = await this.db.$queryRaw<Array<{ expiresAt: Date }>>`
      INSERT INTO password_resets (token_hash, user_id, expires_at)
      SELECT ${resetTokenHash(token)}::bytea, id, now() + make_interval(secs => ${VALID_SECONDS}) FROM users
      WHERE id = ${BigInt(userId)} AND deleted_at IS NULL AND password_hash IS NOT NULL
      RETURNING expires_at AS "expiresAt"`;
    return row && { token, expiresAt: row.expiresAt };
  }

  /** Returns the id of the user whose link has this token; undefined for a link that has expired or ended, or never existed. */
  async userOf(token: string): Promise<number | undefined> {
    const [row] = await this.db.$queryRaw<Array<{ userId: bigint }>>`
      SELECT user_id AS "userId" FROM password_resets
      WHERE token_hash = ${resetTokenHash(token)} AND expires_at > now()`;
    return row && Number(row.userId);
  }
}

/** Tokens are random and long, so a slow hash would protect nothing. */
export function resetTokenHash(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(token).digest());
}
