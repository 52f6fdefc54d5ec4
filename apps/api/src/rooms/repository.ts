import type { MirroredRoom } from '@chorus/broker';
import { type Database, Prisma } from '@chorus/database';
import type { RoomKind } from '@chorus/protocol';

export interface Room {
  readonly id: number;
  readonly name: string;
  /** Null for a room without a creator (`AUTH=open`). */
  readonly createdBy: number | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Distinguishes rooms that had one id in succession: later ones have larger numbers. */
  readonly generation: number;
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
}

interface Row {
  id: bigint;
  name: string;
  creatorId: bigint | null;
  createdAt: Date;
  updatedAt: Date;
  generation: bigint;
}

/** The rooms in PostgreSQL, which owns them. */
export class RoomRepository {
  constructor(private readonly db: Database) {}

  /** @returns undefined when the id is taken, even if two requests race */
  async create(id: number, name: string, createdBy: number | null): Promise<Room | undefined> {
    const [row] = await this.db.room.createManyAndReturn({
      data: [{ id, name, creatorId: createdBy }],
      skipDuplicates: true,
    });
    return row && room(row);
  }

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

  async find(id: number): Promise<Room | undefined> {
    const row = await this.db.room.findUnique({ where: { id } });
    return row === null ? undefined : room(row);
  }

  /** Rooms with ids above `after`, by ascending id. */
  async list(after: number, limit: number): Promise<Room[]> {
    const rows = await this.db.room.findMany({
      where: { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(room);
  }

  /** Returns the names of the given rooms that exist. */
  async names(ids: readonly number[]): Promise<Map<number, string>> {
    const rows = await this.db.room.findMany({
      where: { id: { in: ids.map(BigInt) } },
      select: { id: true, name: true },
    });
    return new Map(rows.map(({ id, name }) => [Number(id), name]));
  }

  /** @returns undefined when the room no longer belongs to that creator */
  async rename(id: number, createdBy: number | null, name: string): Promise<Room | undefined> {
    const [row] = await this.db.room.updateManyAndReturn({
      where: { id, creatorId: createdBy },
      data: { name },
    });
    return row && room(row);
  }

  /** @returns whether that creator had such a room */
  async delete(id: number, createdBy: number | null): Promise<boolean> {
    const { count } = await this.db.room.deleteMany({ where: { id, creatorId: createdBy } });
    return count > 0;
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
            coalesce(head.seq - head.n, 0) AS changes
          FROM rooms LEFT JOIN room_heads head ON head.room_id = rooms.id LEFT JOIN LATERAL (
            -- Archivers of the version before store messages without a head.
            (SELECT epoch, seq, sent_at FROM messages WHERE room_id = rooms.id ORDER BY epoch DESC, seq DESC LIMIT 1)
            UNION ALL SELECT head.epoch, head.seq, head.sent_at WHERE head.room_id IS NOT NULL
            ORDER BY epoch DESC, seq DESC LIMIT 1
          ) last ON true ${which}
        ) found ON true ORDER BY found.id`;
    const rooms = rows.flatMap(({ id, generation, kind, epoch, seq, sentAt, changes }) =>
      id === null
        ? []
        : [
            {
              id: Number(id),
              generation: Number(generation),
              kind,
              changes: Number(changes),
              last: { epoch: Number(epoch ?? 0n), seq: Number(seq ?? 0n) },
              lastSentAt: sentAt?.getTime() ?? 0,
            },
          ],
    );
    return { rooms, now: Math.floor(rows[0]?.now ?? 0) };
  }
}

function room(row: Row): Room {
  return {
    id: Number(row.id),
    name: row.name,
    createdBy: row.creatorId === null ? null : Number(row.creatorId),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    generation: Number(row.generation),
  };
}
