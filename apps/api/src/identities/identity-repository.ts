import { type Database, Prisma } from '@chorus/database';
import type { Account } from '../auth/user-repository.js';
import type { Identity } from './identity.js';

/** A user whom an identity provider knows. */
export interface KnownUser {
  readonly id: number;
  readonly username: string;
  /** Number of times that all sessions of the user were ended at once. */
  readonly generation: number;
  /** What the user claimed at the latest change. */
  readonly claimedName: string | undefined;
  readonly claimedAvatar: string | undefined;
  readonly claimedAt: Date;
}

interface Row {
  readonly id: bigint | number;
  readonly username: string;
  readonly generation: number;
  readonly claimedName: string | null;
  readonly claimedAvatar: string | null;
  readonly claimedAt: Date;
}

/** Rolls a creation back: another request has created the user. */
export class IdentityTaken extends Error {}

/** Who users are at identity providers, in PostgreSQL. */
export class IdentityRepository {
  constructor(private readonly db: Database) {}

  /** Returns the user; undefined for an identity that is new here, or whose user was deleted. */
  async find({ issuer, subject }: Identity): Promise<KnownUser | undefined> {
    const [row] = await this.db.prepared.rows<Row>(Prisma.sql`
      SELECT users.id, users.username, users.session_generation AS generation, identity.claimed_name AS "claimedName",
        identity.claimed_avatar AS "claimedAvatar", identity.claimed_at AS "claimedAt"
      FROM external_identities identity JOIN users ON users.id = identity.user_id
      WHERE identity.issuer = ${issuer} AND identity.subject = ${subject} AND users.deleted_at IS NULL`);
    if (row === undefined) return undefined;
    const { id, username, generation, claimedName, claimedAvatar, claimedAt } = row;
    return {
      ...{ id: Number(id), username, generation, claimedAt },
      claimedName: claimedName ?? undefined,
      claimedAvatar: claimedAvatar ?? undefined,
    };
  }

  /**
   * Stores the identity of a user, in the transaction that creates the user.
   * @throws {IdentityTaken} another user has it
   */
  async link(tx: Prisma.TransactionClient, user: Pick<Account, 'id'>, identity: Identity): Promise<void> {
    const { issuer, subject, name, avatarUrl, issuedAt } = identity;
    // APIs of the version before leave the identities of users whom they delete.
    const linked = await tx.$executeRaw`
      INSERT INTO external_identities AS known (issuer, subject, user_id, claimed_name, claimed_avatar, claimed_at)
      VALUES (${issuer}, ${subject}, ${BigInt(user.id)}, ${name ?? null}, ${avatarUrl ?? null}, ${issuedAt})
      ON CONFLICT (issuer, subject) DO UPDATE SET user_id = excluded.user_id, claimed_name = excluded.claimed_name,
        claimed_avatar = excluded.claimed_avatar, claimed_at = excluded.claimed_at, created_at = now()
      WHERE NOT EXISTS (SELECT FROM users WHERE users.id = known.user_id AND users.deleted_at IS NULL)`;
    if (linked === 0) throw new IdentityTaken();
    await tx.$executeRaw`UPDATE users SET avatar_url = ${avatarUrl ?? null} WHERE id = ${BigInt(user.id)}`;
  }

  /** Stores what a newer token claims. An avatar that has not changed at the issuer leaves the one that the user chose here. */
  async claim(user: KnownUser, { issuer, subject, name, avatarUrl, issuedAt }: Identity): Promise<void> {
    const avatarChanged = avatarUrl !== user.claimedAvatar;
    await this.db.$executeRaw`
      WITH claimed AS (
        UPDATE external_identities SET claimed_name = ${name ?? null}, claimed_avatar = ${avatarUrl ?? null}, claimed_at = ${issuedAt}
        WHERE issuer = ${issuer} AND subject = ${subject} AND user_id = ${BigInt(user.id)} AND claimed_at <= ${issuedAt}
        RETURNING user_id)
      UPDATE users SET avatar_url = ${avatarUrl ?? null} FROM claimed WHERE users.id = claimed.user_id AND ${avatarChanged}`;
  }
}
