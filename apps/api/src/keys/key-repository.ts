import { type Database, Prisma } from '@chorus/database';
import type { KeyScope } from '@chorus/protocol';
import { createOnce, type Remember } from '../idempotency/remember.js';

/** A key as stored in PostgreSQL. */
export interface StoredKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Undefined for a key of an application. */
  readonly botId: number | undefined;
  readonly messagesPerSecond: number | undefined;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  /** Exact to a minute. */
  readonly lastUsedAt: Date | undefined;
}

export type NewKeyFields = Pick<StoredKey, 'id' | 'name' | 'scopes'> & {
  readonly secretHash: Uint8Array<ArrayBuffer>;
  readonly botId?: number | undefined;
  readonly messagesPerSecond?: number | undefined;
  readonly expiresAt?: Date | undefined;
};

/** What verifying a key takes. */
export interface KeyToVerify {
  readonly key: StoredKey;
  readonly secretHash: Uint8Array;
  /** Whether it was neither revoked nor has expired, by PostgreSQL's clock. */
  readonly valid: boolean;
  /** Whether its last use is to be stored again. */
  readonly unused: boolean;
}

interface Row {
  id: string;
  name: string;
  scopes: string[];
  botId: bigint | null;
  messagesPerSecond: number | null;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
}

/** A use is stored if none was for this long. */
const UNUSED = Prisma.sql`(last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`;

/** The API keys in PostgreSQL. */
export class KeyRepository {
  constructor(private readonly db: Database) {}

  /** @returns undefined when there is no such bot */
  create(
    { secretHash, ...fields }: NewKeyFields,
    remember?: Remember<StoredKey>,
  ): Promise<StoredKey | undefined> {
    const { id, name, scopes, botId, messagesPerSecond, expiresAt } = fields;
    return createOnce(this.db, remember, async (db) => {
      const [row] = await db.$queryRaw<Row[]>`
        INSERT INTO api_keys (id, name, secret_hash, scopes, bot_id, messages_per_second, expires_at)
        SELECT ${id}, ${name}, ${secretHash}, ${[...scopes]}::text[], ${botId ?? null}::bigint, ${messagesPerSecond ?? null}::int,
          ${expiresAt ?? null}::timestamptz
        WHERE ${botId ?? null}::bigint IS NULL OR EXISTS (
          -- Waits for a deletion of the bot in progress, which revokes the keys that exist before it.
          SELECT 1 FROM users WHERE id = ${botId ?? null}::bigint AND kind = 'bot' AND deleted_at IS NULL FOR KEY SHARE
        )
        RETURNING ${COLUMNS}`;
      return row && stored(row);
    });
  }

  /** All keys, also revoked ones, by id above `after`. */
  async list(after: string, limit: number): Promise<StoredKey[]> {
    const rows = await this.db.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM api_keys WHERE id > ${after} ORDER BY id LIMIT ${limit}`;
    return rows.map(stored);
  }

  /** Revokes a key; one that is revoked already stays so. @returns whether there is such a key */
  async revoke(id: string): Promise<boolean> {
    const count = await this.db.$executeRaw`
      UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = ${id}`;
    return count > 0;
  }

  /** Those of the keys that exist. */
  async find(ids: readonly string[]): Promise<Map<string, KeyToVerify>> {
    const rows = await this.db.$queryRaw<
      Array<Row & { secretHash: Uint8Array; valid: boolean; unused: boolean }>
    >`
      SELECT ${COLUMNS}, secret_hash AS "secretHash",
        revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS valid, ${UNUSED} AS unused
      FROM api_keys WHERE id = ANY(${[...ids]})`;
    return new Map(
      rows.map(({ secretHash, valid, unused, ...row }) => [
        row.id,
        { key: stored(row), secretHash, valid, unused },
      ]),
    );
  }

  /** Stores that a key is used now, at most once a minute. */
  async use(id: string): Promise<void> {
    await this.db.$executeRaw`UPDATE api_keys SET last_used_at = now() WHERE id = ${id} AND ${UNUSED}`;
  }
}

const COLUMNS = Prisma.sql`id, name, scopes, bot_id AS "botId", messages_per_second AS "messagesPerSecond",
  created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"`;

function stored(row: Row): StoredKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes as KeyScope[],
    botId: row.botId === null ? undefined : Number(row.botId),
    messagesPerSecond: row.messagesPerSecond ?? undefined,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt ?? undefined,
    revokedAt: row.revokedAt ?? undefined,
    lastUsedAt: row.lastUsedAt ?? undefined,
  };
}
