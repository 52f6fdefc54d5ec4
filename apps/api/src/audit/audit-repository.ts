import { type Database, Prisma } from '@chorus/database';
import type { AuditEntry } from './audit-entry.js';

/** Which entries are listed; undefined fields do not matter. */
export interface AuditFilter {
  readonly by?: 'key' | 'operator' | undefined;
  readonly keyId?: string | undefined;
  /** As whom a key acted, or whom it was about. */
  readonly userId?: number | undefined;
  readonly roomId?: number | undefined;
  readonly action?: string | undefined;
  /** The earliest time. */
  readonly since?: Date | undefined;
  /** All listed entries are earlier. */
  readonly until?: Date | undefined;
}

/** A place in the list. */
export type AuditPlace = Pick<AuditEntry, 'at' | 'id'>;

/** An entry as it is stored, and the name of its key unless that is deleted. */
export interface ListedAuditEntry extends AuditPlace {
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly actingUserId: number | null;
  readonly action: string;
  readonly roomId: number | null;
  readonly userId: number | null;
  readonly target: string | null;
  readonly status: number;
  readonly count: number;
  readonly requestId: string;
}

const INSERT = `INSERT INTO audit (at, id, key_id, acting_user_id, action, room_id, user_id, target, status, count, request_id)
  SELECT e.at, e.id, e."keyId", e."actingUserId", e.action, e."roomId", e."userId", e.target, e.status, e.count, e."requestId"
  FROM json_to_recordset($1::json) AS e(at timestamptz, id uuid, "keyId" text, "actingUserId" bigint, action text, "roomId" bigint,
    "userId" bigint, target text, status smallint, count int, "requestId" text)
  ON CONFLICT DO NOTHING`;

/** The audit in PostgreSQL. */
export class AuditRepository {
  constructor(private readonly db: Pick<Database, 'prepared' | '$queryRaw'>) {}

  /** Stores entries; those that are stored already stay as they are. */
  async insert(entries: readonly AuditEntry[]): Promise<void> {
    await this.db.prepared.rows({ text: INSERT, values: [JSON.stringify(entries)] });
  }

  /** Returns entries, newest first. @param after the last one of the page before */
  async list(filter: AuditFilter, after: AuditPlace | undefined, limit: number): Promise<ListedAuditEntry[]> {
    const { by, keyId, userId, roomId, action, since, until } = filter;
    const conditions = [
      by === 'operator' && Prisma.sql`key_id IS NULL`,
      by === 'key' && Prisma.sql`key_id IS NOT NULL`,
      keyId !== undefined && Prisma.sql`key_id = ${keyId}::text`,
      userId !== undefined && Prisma.sql`(acting_user_id = ${userId}::bigint OR user_id = ${userId}::bigint)`,
      roomId !== undefined && Prisma.sql`room_id = ${roomId}::bigint`,
      action !== undefined && Prisma.sql`action = ${action}::text`,
      since !== undefined && Prisma.sql`at >= ${since}::timestamptz`,
      until !== undefined && Prisma.sql`at < ${until}::timestamptz`,
      after !== undefined && Prisma.sql`(at, id) < (${after.at}::timestamptz, ${after.id}::uuid)`,
    ].filter((condition) => condition !== false);
    const where =
      conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(conditions, ' AND ')}`;
    return this.db.$queryRaw<ListedAuditEntry[]>`
      SELECT entries.*, api_keys.name AS "keyName" FROM (
        SELECT at, id, key_id AS "keyId", acting_user_id::float8 AS "actingUserId", action, room_id::float8 AS "roomId",
          user_id::float8 AS "userId", target, status, count, request_id AS "requestId"
        FROM audit ${where} ORDER BY at DESC, id DESC LIMIT ${limit}
      ) entries LEFT JOIN api_keys ON api_keys.id = entries."keyId" ORDER BY at DESC, entries.id DESC`;
  }
}
