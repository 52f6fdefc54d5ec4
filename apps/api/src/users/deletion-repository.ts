import { keyTokenId, TOKEN_TTL_SECONDS } from '@chorus/auth';
import { sessionsKey } from '@chorus/control';
import { type Database, type Prisma, recordEvents } from '@chorus/database';
import type { Member } from '@chorus/protocol';
import type { RevokedSessionRepository } from '../sessions/revoked-session-repository.js';

/** A deletion that may not be complete. */
export interface Deletion {
  readonly user: Member;
  /** Ids of the tokens of the user; undefined once gateways know that they are revoked. */
  readonly tokenIds: readonly string[] | undefined;
  /** Whether no change that began before the deletion can still add a membership. */
  readonly settled: boolean;
}

/** Longer than any transaction takes, in seconds. */
const SETTLED_SECONDS = 60;
/** Age at which a deletion is no longer left to the request that began it, in seconds. */
const ABANDONED_SECONDS = 1;

/** Deletions of users in PostgreSQL. */
export class DeletionRepository {
  constructor(
    private readonly db: Database,
    private readonly revoked: Pick<RevokedSessionRepository, 'add'>,
  ) {}

  /**
   * Marks the user as deleted, with all that PostgreSQL has of the account: sessions and keys are revoked, e-mail address and password are
   * gone. Without effect for a user whose deletion has begun already.
   * @returns false when there is no such user, or no longer: nothing is left to do
   */
  async begin(userId: number): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      const [user] = await tx.$queryRaw<Array<{ generation: number; deletedAt: Date | null }>>`
        SELECT session_generation AS generation, deleted_at AS "deletedAt" FROM users WHERE id = ${BigInt(userId)} FOR UPDATE`;
      if (user === undefined) return false;
      if (user.deletedAt !== null) return isUnfinished(tx, userId);
      const keys = await tx.$queryRaw<Array<{ id: string }>>`
        UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE bot_id = ${BigInt(userId)} RETURNING id`;
      await tx.$executeRaw`
        UPDATE users SET deleted_at = now(), email = NULL, email_key = NULL, password_hash = NULL, display_name = NULL,
          avatar_url = NULL, session_generation = session_generation + 1 WHERE id = ${BigInt(userId)}`;
      await tx.externalIdentity.deleteMany({ where: { userId } });
      await tx.passwordReset.deleteMany({ where: { userId } });
      for (const tokenId of tokenIdsOf(userId, user.generation, keys)) {
        await this.revoked.add(tokenId, TOKEN_TTL_SECONDS, tx);
      }
      await tx.userDeletion.create({ data: { userId } });
      await recordEvents(tx, [{ type: 'user.deleted', userId }]);
      return true;
    });
  }

  /** Returns a deletion; undefined if it is complete, or has not begun. */
  async find(userId: number): Promise<Deletion | undefined> {
    const [row] = await this.db.$queryRaw<
      Array<{ username: string; generation: number; ended: boolean; settled: boolean; keys: string[] }>
    >`
      SELECT users.username, users.session_generation AS generation, deletion.sessions_ended AS ended,
        deletion.deleted_at < now() - make_interval(secs => ${SETTLED_SECONDS}) AS settled,
        ARRAY(SELECT id FROM api_keys WHERE bot_id = users.id) AS keys
      FROM user_deletions deletion JOIN users ON users.id = deletion.user_id 
      WHERE deletion.user_id = ${BigInt(userId)} AND users.deleted_at IS NOT NULL`;
    if (row === undefined) return undefined;
    const { username, generation, ended, settled, keys } = row;
    const tokenIds = tokenIdsOf(
      userId,
      generation - 1,
      keys.map((id) => ({ id })),
    );
    return { user: { id: userId, username }, tokenIds: ended ? undefined : tokenIds, settled };
  }

  /** Users whose deletion was left incomplete, at most `limit`, in the order of their deletions. */
  async abandoned(limit: number): Promise<number[]> {
    const rows = await this.db.$queryRaw<Array<{ userId: bigint }>>`
      SELECT user_id AS "userId" FROM user_deletions
      WHERE deleted_at < now() - make_interval(secs => ${ABANDONED_SECONDS}) ORDER BY deleted_at, user_id LIMIT ${limit}`;
    return rows.map(({ userId }) => Number(userId));
  }

  async sessionsEnded(userId: number): Promise<void> {
    await this.db.userDeletion.updateMany({ where: { userId }, data: { sessionsEnded: true } });
  }

  async complete(userId: number): Promise<void> {
    await this.db.userDeletion.deleteMany({ where: { userId } });
  }

  /** Rooms of which the user is a member, or where the user is muted, at most `limit`, in ascending order. */
  async rooms(userId: number, limit: number): Promise<number[]> {
    const rows = await this.db.$queryRaw<Array<{ roomId: bigint }>>`
      SELECT room_id AS "roomId" FROM room_members WHERE user_id = ${BigInt(userId)}
      UNION SELECT room_id FROM mutes WHERE user_id = ${BigInt(userId)} ORDER BY 1 LIMIT ${limit}`;
    return rows.map(({ roomId }) => Number(roomId));
  }
}

/** Whether sessions or memberships of a deleted user are left. */
async function isUnfinished(tx: Prisma.TransactionClient, userId: number): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM user_deletions WHERE user_id = ${BigInt(userId)} AND (
      NOT sessions_ended OR EXISTS (SELECT FROM room_members WHERE room_members.user_id = user_deletions.user_id))`;
  return rows.length > 0;
}

/** Ids of all tokens of a user: those of the sessions, and of the keys of a bot. */
function tokenIdsOf(
  userId: number,
  generation: number,
  keys: ReadonlyArray<{ readonly id: string }>,
): string[] {
  return [sessionsKey(userId, generation), ...keys.map(({ id }) => keyTokenId(id))];
}
