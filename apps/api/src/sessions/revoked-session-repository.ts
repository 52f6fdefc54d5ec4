import { REVOKED_SLACK_MS, type Revocation, sessionsKey } from '@chorus/control';
import { type Database, Prisma } from '@chorus/database';

interface Row {
  tokenId: string;
  endsAt: Date;
}

/** A new password, and what permits it: the present hash, or the hash of the token in a reset link. */
export type PasswordChange = { readonly passwordHash: string } & (
  | { readonly replaces: string }
  | { readonly resetTokenHash: Uint8Array<ArrayBuffer> }
);

/** Rolls a change back: its reset link was used, has expired, or a newer password has ended it. */
class ResetLinkEnded extends Error {}

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
   * @param change of two concurrent changes with the same permission one succeeds. All reset links of the user end
   * @returns the generation of the user's next sessions; undefined when there is no such user, or `change` is not permitted any more
   */
  async addAll(userId: number, ttlSeconds: number, change?: PasswordChange): Promise<number | undefined> {
    try {
      return await this.db.$transaction(async (tx) => {
        const [user] = await tx.user.updateManyAndReturn({
          where: { id: userId, ...(change && { passwordHash: hashBefore(change) }) },
          data: { sessionGeneration: { increment: 1 }, ...(change && { passwordHash: change.passwordHash }) },
          select: { sessionGeneration: true },
        });
        if (user === undefined) return undefined;
        // After the row of the user, as in all changes of passwords: they wait for each other and do not deadlock.
        if (change !== undefined) await endResetLinks(tx, userId, change);
        await this.add(sessionsKey(userId, user.sessionGeneration - 1), ttlSeconds, tx);
        return user.sessionGeneration;
      });
    } catch (error) {
      if (error instanceof ResetLinkEnded) return undefined;
      throw error;
    }
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

/** Condition on the present hash. A link sets no password for a user who has none, such as a deleted user. */
function hashBefore(change: PasswordChange): string | { readonly not: null } {
  return 'replaces' in change ? change.replaces : { not: null };
}

/** @throws {ResetLinkEnded} the link that permits the change is not among the valid ones of the user */
async function endResetLinks(
  tx: Prisma.TransactionClient,
  userId: number,
  change: PasswordChange,
): Promise<void> {
  const used = 'resetTokenHash' in change ? change.resetTokenHash : null;
  const ended = await tx.$queryRaw<Array<{ permits: boolean | null }>>`
    DELETE FROM password_resets WHERE user_id = ${BigInt(userId)}
    RETURNING token_hash = ${used}::bytea AND expires_at > now() AS permits`;
  if (used !== null && !ended.some(({ permits }) => permits === true)) throw new ResetLinkEnded();
}
