import { type MirroredRoom, roomSize, SMALL_ROOM_MEMBERS } from '@chorus/broker';
import { type Database, type Int8, Prisma } from '@chorus/database';
import type { Position, RoleOrNone, RoomKind } from '@chorus/protocol';
import { expiredUpTo } from './retention.js';

export interface Room {
  readonly id: number;
  readonly name: string;
  readonly kind: RoomKind;
  readonly topic: string;
  /** Seconds between two messages of one user; 0 for no slow mode. */
  readonly slowModeSeconds: number;
  /** Days for which messages are kept, unless `RETENTION_DAYS` is less; null for no limit of its own. */
  readonly retentionDays: number | null;
  /** Null for a room without a creator (`AUTH=open`). */
  readonly createdBy: number | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Distinguishes rooms that had one id in succession: later ones have larger numbers. */
  readonly generation: number;
}

/** A room, and what the user who asks is in it. */
export interface RoomOfUser extends Room {
  readonly role: RoleOrNone;
}

/** A room whose messages are read. */
export interface ReadableRoom extends RoomOfUser {
  /** Messages sent up to this time are not served any more, in milliseconds since 1970; undefined without a retention. */
  readonly expiredUpTo: number | undefined;
  /** Every entry up to this position is in PostgreSQL; 0-0 for none. */
  readonly storedUpTo: Position;
}

/** Rooms with the positions of their last stored messages, and the time of the query in milliseconds since 1970. */
export interface RoomPositions {
  readonly rooms: readonly MirroredRoom[];
  readonly now: number;
}

interface PositionRow {
  now: number;
  id: bigint | null;
  generation: bigint;
  epoch: bigint | null;
  seq: bigint | null;
  sentAt: Date | null;
  kind: RoomKind;
  changes: bigint;
  members: bigint;
}

/** A row of `rooms`; see {@link ROOM_COLUMNS}. */
export interface RoomRow {
  id: Int8;
  name: string;
  kind: string;
  topic: string;
  slowModeSeconds: number;
  retentionDays: number | null;
  creatorId: Int8 | null;
  createdAt: Date;
  updatedAt: Date;
  generation: Int8;
}

type RowOfUser = RoomRow & { role: RoleOrNone };
type ReadableRow = RowOfUser & {
  expiredUpTo: Date | null;
  storedEpoch: number | null;
  storedSeq: number | null;
};

export const ROOM_COLUMNS = Prisma.sql`rooms.id, rooms.name, rooms.kind, rooms.topic, rooms.slow_mode_seconds AS "slowModeSeconds",
  rooms.retention_days AS "retentionDays",
  rooms.creator_id AS "creatorId", rooms.created_at AS "createdAt", rooms.updated_at AS "updatedAt", rooms.generation`;

/**
 * Role of the user `userId` in the row's room, where `member` is the user's membership. The creator of a room without owners is
 * one: an API of an older version creates rooms without members.
 */
export const roleOf = (userId: number | undefined) => Prisma.sql`CASE
  WHEN member.role IS NOT NULL THEN member.role
  WHEN rooms.creator_id = ${userId === undefined ? null : BigInt(userId)}::bigint AND rooms.kind = 'public' AND NOT EXISTS (
    SELECT 1 FROM room_members owners WHERE owners.room_id = rooms.id AND owners.role = 'owner' AND owners.role <> 'member'
  ) THEN 'owner' ELSE 'none' END AS role`;

/** The rooms in PostgreSQL, which owns them. */
export class RoomRepository {
  /** @param retentionDays retention of all rooms; undefined for none */
  constructor(
    private readonly db: Database,
    private readonly retentionDays?: number,
  ) {}

  /**
   * Takes ids from the sequence until one is free, at most `most` of them. The sequence never returns an id twice, so
   * ids chosen by clients are skipped only once.
   * @returns undefined when all of them were taken
   */
  async nextFreeId(most: number): Promise<number | undefined> {
    // Evaluated row by row up to the first hit. With NOT EXISTS instead of the count PostgreSQL could join, and read
    // the whole table.
    const [row] = await this.db.$queryRaw<Array<{ id: bigint }>>`
      SELECT id FROM (
        SELECT nextval(pg_get_serial_sequence('rooms', 'id')) AS id FROM (SELECT generate_series(1, ${most}::int)) s
      ) next WHERE (SELECT count(*) FROM rooms WHERE rooms.id = next.id) = 0 LIMIT 1`;
    return row && Number(row.id);
  }

  /** Number of rooms that the user has created, counted up to `most`. */
  async countOf(createdBy: number, most: number): Promise<number> {
    const [row] = await this.db.$queryRaw<Array<{ count: bigint }>>`
      SELECT count(*) FROM (SELECT 1 FROM rooms WHERE creator_id = ${BigInt(createdBy)} LIMIT ${most}::int) created`;
    return Number(row?.count ?? 0n);
  }

  /** @param userId the user whose role is wanted; undefined for a request without a user */
  async findFor(id: number, userId: number | undefined): Promise<ReadableRoom | undefined> {
    const [row] = await this.db.prepared.rows<ReadableRow>(Prisma.sql`
      SELECT ${ROOM_COLUMNS}, ${roleOf(userId)}, ${expiredUpTo(this.retentionDays)} AS "expiredUpTo",
        stored.epoch AS "storedEpoch", stored.seq AS "storedSeq"
      FROM rooms LEFT JOIN room_members member
        ON member.room_id = rooms.id AND member.user_id = (SELECT ${userId ?? null}::bigint)
      LEFT JOIN LATERAL (
        SELECT * FROM (
          (SELECT epoch, seq FROM room_heads WHERE room_id = rooms.id)
          -- Archivers of older versions store messages without a head.
          UNION ALL (SELECT epoch, seq FROM messages WHERE room_id = rooms.id ORDER BY epoch DESC, seq DESC LIMIT 1)
        ) known ORDER BY epoch DESC, seq DESC LIMIT 1
      ) stored ON true
      WHERE rooms.id = (SELECT ${id}::bigint)`);
    if (row === undefined) return undefined;
    const storedUpTo = { epoch: row.storedEpoch ?? 0, seq: row.storedSeq ?? 0 };
    return { ...roomOf(row), role: row.role, expiredUpTo: row.expiredUpTo?.getTime(), storedUpTo };
  }

  /**
   * Public rooms and those of the user, with ids above `after`, in ascending order of id.
   * @param direct whether direct rooms are among them
   */
  async listFor(
    userId: number | undefined,
    after: number,
    limit: number,
    direct: boolean,
  ): Promise<RoomOfUser[]> {
    const user = Prisma.sql`(SELECT ${userId ?? null}::bigint)`;
    const from = Prisma.sql`(SELECT ${after}::bigint)`;
    const page = Prisma.sql`LIMIT (SELECT ${limit}::bigint)`;
    const kinds = direct ? Prisma.sql`('private', 'direct')` : Prisma.sql`('private')`;
    // Two scans of an index, each ends after a page.
    const rows = await this.db.prepared.rows<RowOfUser>(Prisma.sql`
      SELECT ${ROOM_COLUMNS}, ${roleOf(userId)} FROM (
        (SELECT id FROM rooms WHERE kind = 'public' AND id > ${from} ORDER BY id ${page})
        UNION ALL
        (SELECT own.room_id FROM room_members own JOIN rooms ON rooms.id = own.room_id AND rooms.kind IN ${kinds}
         WHERE own.user_id = ${user} AND own.room_id > ${from} ORDER BY own.room_id ${page})
      ) found JOIN rooms ON rooms.id = found.id
      LEFT JOIN room_members member ON member.room_id = rooms.id AND member.user_id = ${user}
      ORDER BY rooms.id ${page}`);
    return rows.map((row) => ({ ...roomOf(row), role: row.role }));
  }

  /** All rooms with ids above `after`, in ascending order of id, as a caller sees them who is a member of none. */
  async list(after: number, limit: number): Promise<RoomOfUser[]> {
    const rows = await this.db.room.findMany({
      where: { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map((row) => ({ ...roomOf(row), role: 'none' }));
  }

  /** Returns the names of the given rooms that exist. */
  async names(ids: readonly number[]): Promise<Map<number, string>> {
    const rows = await this.db.room.findMany({
      where: { id: { in: ids.map(BigInt) } },
      select: { id: true, name: true },
    });
    return new Map(rows.map(({ id, name }) => [Number(id), name]));
  }

  /** Returns the given rooms that exist. */
  positions(ids: readonly number[]): Promise<RoomPositions> {
    return this.#positions(Prisma.sql`WHERE rooms.id = ANY(${ids.map(BigInt)})`);
  }

  /** Returns a page of all rooms, by ascending id above `after`. */
  positionsAfter(after: number, limit: number): Promise<RoomPositions> {
    return this.#positions(Prisma.sql`WHERE rooms.id > ${BigInt(after)} ORDER BY rooms.id LIMIT ${limit}`);
  }

  /** Rejects unless PostgreSQL answers, has been migrated and accepts writes. Changes nothing. */
  async ping(): Promise<void> {
    await this.db.$executeRaw`UPDATE rooms SET name = name WHERE false`;
  }

  async #positions(which: Prisma.Sql): Promise<RoomPositions> {
    // Without a room there is one row, for the time.
    const rows = await this.db.$queryRaw<PositionRow[]>`
      SELECT extract(epoch FROM clock.now)::float8 * 1000 AS now, found.* FROM
        (SELECT clock_timestamp() AS now) clock LEFT JOIN (
          SELECT rooms.id, rooms.generation, rooms.kind, last.epoch, last.seq, last.sent_at AS "sentAt",
            coalesce(head.seq - head.n, 0) AS changes, (
              SELECT count(*) FROM (
                SELECT 1 FROM room_members WHERE room_id = rooms.id LIMIT ${SMALL_ROOM_MEMBERS + 1}
              ) counted
            ) AS members
          FROM rooms LEFT JOIN room_heads head ON head.room_id = rooms.id LEFT JOIN LATERAL (
            -- Archivers of the version before store messages without a head.
            (SELECT epoch, seq, sent_at FROM messages WHERE room_id = rooms.id ORDER BY epoch DESC, seq DESC LIMIT 1)
            UNION ALL SELECT head.epoch, head.seq, head.sent_at WHERE head.room_id IS NOT NULL
            ORDER BY epoch DESC, seq DESC LIMIT 1
          ) last ON true ${which}
        ) found ON true ORDER BY found.id`;
    const rooms = rows.flatMap(({ id, generation, kind, epoch, seq, sentAt, changes, members }) =>
      id === null
        ? []
        : [
            {
              id: Number(id),
              generation: Number(generation),
              kind,
              size: roomSize(Number(members)),
              changes: Number(changes),
              last: { epoch: Number(epoch ?? 0n), seq: Number(seq ?? 0n) },
              lastSentAt: sentAt?.getTime() ?? 0,
            },
          ],
    );
    return { rooms, now: Math.floor(rows[0]?.now ?? 0) };
  }
}

export function roomOf(row: RoomRow): Room {
  return {
    id: Number(row.id),
    name: row.name,
    kind: row.kind as RoomKind,
    topic: row.topic,
    slowModeSeconds: row.slowModeSeconds,
    retentionDays: row.retentionDays,
    createdBy: row.creatorId === null ? null : Number(row.creatorId),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    generation: Number(row.generation),
  };
}
