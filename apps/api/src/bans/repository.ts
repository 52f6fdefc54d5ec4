import { type Database, Prisma } from '@chorus/database';

/** A ban as stored in PostgreSQL. */
export interface StoredBan {
  readonly id: number;
  readonly userId: number;
  /** Undefined: banned from everything. */
  readonly roomId: number | undefined;
  /** When the ban ends by itself; undefined for never. */
  readonly until: Date | undefined;
  /** Note for other operators. */
  readonly reason: string | undefined;
  readonly createdAt: Date;
}

export type NewBan = Pick<StoredBan, 'userId' | 'roomId' | 'until' | 'reason'>;

/** Key of the advisory lock in PostgreSQL; unique in this database. */
const LOCK = 72_707_371;
/** Longest duration of a change, in milliseconds, such as copying very many bans to Redis. */
const CHANGE_TIMEOUT_MS = 30_000;

/** The bans in PostgreSQL, which owns them. */
export class BanRepository {
  constructor(private readonly db: Database) {}

  /** Bans that have not ended, with ids above `after`, by ascending id. */
  async list(after: number, limit: number): Promise<StoredBan[]> {
    const rows = await this.db.ban.findMany({
      where: { id: { gt: after }, ...CURRENT() },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(stored);
  }

  /** Returns the bans of one user; a ban from everything comes first. */
  async ofUser(userId: number): Promise<StoredBan[]> {
    const rows = await this.db.ban.findMany({
      where: { userId, ...CURRENT() },
      orderBy: { roomId: { sort: 'asc', nulls: 'first' } },
    });
    return rows.map(stored);
  }

  async hasRoom(roomId: number): Promise<boolean> {
    return (await this.db.ban.findFirst({ where: { roomId }, select: { id: true } })) !== null;
  }

  /**
   * Runs changes of bans one at a time in the whole cluster, so that what `change` writes elsewhere has the order of
   * PostgreSQL. If it rejects, PostgreSQL stays unchanged.
   */
  exclusively<T>(change: (bans: BanChanges) => Promise<T>): Promise<T> {
    return this.db.$transaction(
      async (transaction) => {
        await transaction.$queryRaw`SELECT pg_advisory_xact_lock(${LOCK}::bigint)::text`;
        return change(new BanChanges(transaction));
      },
      { timeout: CHANGE_TIMEOUT_MS },
    );
  }
}

/** Operations on bans under the exclusive lock. */
export class BanChanges {
  constructor(private readonly db: Prisma.TransactionClient) {}

  /**
   * Adds a ban, or replaces the one of this user and room.
   * @returns undefined when there is no such room
   */
  async put({ userId, roomId, until, reason }: NewBan): Promise<StoredBan | undefined> {
    // Locks the room against deletion until the transaction ends.
    const rooms =
      roomId === undefined
        ? undefined
        : await this.db.$queryRaw<unknown[]>`SELECT id FROM rooms WHERE id = ${BigInt(roomId)} FOR KEY SHARE`;
    if (rooms?.length === 0) return undefined;
    // Prisma's upsert cannot find a ban without a room: it treats null as "anything".
    const [row] = await this.db.$queryRaw<Row[]>`
      INSERT INTO bans (user_id, room_id, until, reason)
      VALUES (${BigInt(userId)}, ${roomId === undefined ? null : BigInt(roomId)}, ${until ?? null}, ${reason ?? null})
      ON CONFLICT (user_id, room_id) DO UPDATE SET until = EXCLUDED.until, reason = EXCLUDED.reason, created_at = now()
      RETURNING ${COLUMNS}`;
    if (row === undefined) throw new Error('the ban was not stored');
    return stored(row);
  }

  /** @returns whether there was such a ban */
  async remove({ userId, roomId }: Pick<NewBan, 'userId' | 'roomId'>): Promise<boolean> {
    const { count } = await this.db.ban.deleteMany({ where: { userId, roomId: roomId ?? null } });
    return count > 0;
  }

  /** Deletes bans that have ended. */
  async removeEnded(): Promise<void> {
    await this.db.ban.deleteMany({ where: { until: { lte: new Date() } } });
  }

  async all(): Promise<StoredBan[]> {
    return (await this.db.ban.findMany({ orderBy: { id: 'asc' } })).map(stored);
  }
}

interface Row {
  id: bigint;
  userId: bigint;
  roomId: bigint | null;
  until: Date | null;
  reason: string | null;
  createdAt: Date;
}

const COLUMNS = Prisma.sql`id, user_id AS "userId", room_id AS "roomId", until, reason, created_at AS "createdAt"`;

/** Of bans that have not ended. */
const CURRENT = (): Prisma.BanWhereInput => ({ OR: [{ until: null }, { until: { gt: new Date() } }] });

function stored(row: Row): StoredBan {
  return {
    id: Number(row.id),
    userId: Number(row.userId),
    roomId: row.roomId === null ? undefined : Number(row.roomId),
    until: row.until ?? undefined,
    reason: row.reason ?? undefined,
    createdAt: row.createdAt,
  };
}
