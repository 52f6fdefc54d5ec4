import { type Database, FRAME_COLUMNS, type FrameRow, messageFrameOf, Prisma } from '@chorus/database';
import { bodyOfMessage, type Position } from '@chorus/protocol';
import { expiredUpTo } from '../retention.js';

/** An entry of a room's stream, as PostgreSQL has it. */
export interface ArchivedEntry extends Position {
  /** Number of entries up to this one that are not messages. */
  readonly changes: number;
  readonly userId: number;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly clientMsgId: string | undefined;
  /** The frame without its opening. */
  readonly body: string;
}

interface EntryRow extends FrameRow {
  roomId: bigint;
  /** Null for a message. */
  body: string | null;
}

/**
 * The entries of rooms in PostgreSQL in the order of their positions: messages as they are now, and changes. Deleted messages and
 * their text are left out, and so are entries that are too old. One statement reads both tables, so that what it returns is without a hole.
 */
export class ArchivedEntries {
  readonly #expiredUpTo: Prisma.Sql;

  /** @param retentionDays retention of all rooms; undefined for none */
  constructor(
    private readonly db: Database,
    retentionDays?: number,
  ) {
    this.#expiredUpTo = Prisma.sql`coalesce(${expiredUpTo(retentionDays)}, '-infinity')`;
  }

  /** The first entries of several rooms, each after its own position; rooms without any are left out. */
  async afterEach(
    rooms: ReadonlyArray<{ id: number; after: Position }>,
    limit: number,
  ): Promise<Map<number, ArchivedEntry[]>> {
    const json = JSON.stringify(rooms.map(({ id, after: { epoch, seq } }) => ({ id, epoch, seq })));
    const part = (table: Prisma.Sql): Prisma.Sql => Prisma.sql`
      (SELECT ${table} AND room_id = wanted.id AND (epoch, seq) > (wanted.epoch, wanted.seq)
      AND sent_at > ${this.#expiredUpTo}
      ORDER BY epoch, seq LIMIT ${limit})`;
    const rows = await this.db.$queryRaw<EntryRow[]>`
      SELECT found.* FROM json_to_recordset(${json}::json) AS wanted(id bigint, epoch bigint, seq bigint)
      JOIN rooms ON rooms.id = wanted.id CROSS JOIN LATERAL (
        SELECT * FROM (${part(MESSAGES)} UNION ALL ${part(CHANGES)}) both_tables ORDER BY epoch, seq LIMIT ${limit}
      ) found ORDER BY "roomId", epoch, seq`;
    const found = new Map<number, ArchivedEntry[]>();
    for (const row of rows) {
      const roomId = Number(row.roomId);
      const entries = found.get(roomId);
      if (entries === undefined) found.set(roomId, [entryOf(row)]);
      else entries.push(entryOf(row));
    }
    return found;
  }

  /** The last entries of a room, at most `limit`; oldest first. */
  async newest(roomId: number, limit: number): Promise<ArchivedEntry[]> {
    const part = (table: Prisma.Sql): Prisma.Sql => Prisma.sql`
      (SELECT ${table} AND room_id = ${BigInt(roomId)}
      AND sent_at > (SELECT ${this.#expiredUpTo} FROM rooms WHERE rooms.id = ${BigInt(roomId)})
      ORDER BY epoch DESC, seq DESC LIMIT ${limit})`;
    const rows = await this.db.$queryRaw<EntryRow[]>`
      SELECT * FROM (${part(MESSAGES)} UNION ALL ${part(CHANGES)}) both_tables
      ORDER BY epoch DESC, seq DESC LIMIT ${limit}`;
    return rows.map(entryOf).reverse();
  }
}

const MESSAGES = Prisma.raw(
  `room_id AS "roomId", ${FRAME_COLUMNS}, NULL::text AS body FROM messages m WHERE deleted_at IS NULL`,
);
const CHANGES = Prisma.sql`
  room_id AS "roomId", epoch, seq, n, NULL::text, user_id, NULL::text, NULL::text, sent_at, client_msg_id, NULL::boolean, NULL::text,
  NULL::bigint[], NULL::bigint, NULL::bigint, NULL::timestamptz, NULL::bigint, NULL::bigint, body
  FROM room_changes WHERE body IS NOT NULL`;

function entryOf(row: EntryRow): ArchivedEntry {
  const { epoch, seq, n, body } = row;
  return {
    ...{ epoch: Number(epoch), seq: Number(seq), changes: n === null ? 0 : Number(seq) - Number(n) },
    ...{
      userId: Number(row.userId),
      sentAt: row.sentAt.getTime(),
      clientMsgId: row.clientMsgId ?? undefined,
    },
    body: body ?? bodyOfMessage(messageFrameOf(Number(row.roomId), row)),
  };
}
