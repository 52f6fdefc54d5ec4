import { REVOKED_SLACK_MS, type Revocation, sessionsKey } from '@chorus/control';
import { type Database, Prisma } from '@chorus/database';

interface Row {
  tokenId: string;
  endsAt: Date;
}

export interface PasswordChange {
  readonly passwordHash: string;
  readonly replaces: string;
}

/**
 * Signed-out sessions in PostgreSQL, which owns them. Only PostgreSQL's clock decides when one has ended, so that an
 * API replica with a wrong clock deletes none too early.
 */
export class RevokedSessionRepository {
  constructor(private readonly db: Database) {}

  /** Stores a sign-out. @param ttlSeconds remaining validity of the session's last token */
  async add(tokenId: string, ttlSeconds: number, db: Pick<Database, '$executeRaw'> = this.db): Promise<void> {
    await db.$executeRaw`
      INSERT INTO revoked_sessions (token_id, ends_at) VALUES (${tokenId}, now() + ${ttlSeconds} * interval '1 s')
      ON CONFLICT (token_id) DO UPDATE SET ends_at = greatest(revoked_sessions.ends_at, EXCLUDED.ends_at)`;
  }

  /**
   * Stores in one transaction that all sessions of a user are signed out, and a new password if one is given.
   * @param change a new password, and the hash that it replaces: of two concurrent changes one succeeds
   * @returns the generation of the user's next sessions; undefined when there is no such user, or another hash
   */
  async addAll(userId: number, ttlSeconds: number, change?: PasswordChange): Promise<number | undefined> {
    return this.db.$transaction(async (tx) => {
      const [user] = await tx.user.updateManyAndReturn({
        where: { id: userId, ...(change && { passwordHash: change.replaces }) },
        data: { sessionGeneration: { increment: 1 }, ...(change && { passwordHash: change.passwordHash }) },
        select: { sessionGeneration: true },
      });
      if (user === undefined) return undefined;
      await this.add(sessionsKey(userId, user.sessionGeneration - 1), ttlSeconds, tx);
      return user.sessionGeneration;
    });
  }

  /** Up to `limit` sessions with token ids after `after`, in ascending order, that have not ended. */
  async page(after: string, limit: number): Promise<Revocation[]> {
    const rows = await this.db.$queryRaw<Row[]>`
      SELECT token_id AS "tokenId", ends_at AS "endsAt" FROM revoked_sessions
      WHERE token_id > ${after} AND NOT ${ENDED} ORDER BY token_id LIMIT ${limit}`;
    return rows.map(({ tokenId, endsAt }) => ({ tokenId, expiresAt: endsAt.getTime() }));
  }

  async removeEnded(): Promise<void> {
    await this.db.$executeRaw`DELETE FROM revoked_sessions WHERE ${ENDED}`;
  }
}

/** The access list has dropped the entry by then, too. */
const ENDED = Prisma.sql`ends_at <= now() - ${REVOKED_SLACK_MS} * interval '1 ms'`;
