import { type Database, Prisma } from '@chorus/database';
import { createOnce, type Remember } from '../idempotency/remember.js';

/** An invitation by link. */
export interface Invite {
  readonly code: string;
  readonly roomId: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly maxUses: number;
  readonly uses: number;
}

export interface NewInvite {
  readonly code: string;
  readonly roomId: number;
  /** 0 for an application. */
  readonly createdBy: number;
  /** Time until it expires. */
  readonly seconds: number;
  readonly maxUses: number;
}

type Row = Omit<Invite, 'roomId'> & { roomId: bigint };

const COLUMNS = Prisma.sql`code, room_id AS "roomId", created_at AS "createdAt", expires_at AS "expiresAt", max_uses AS "maxUses", uses`;
const OPEN = Prisma.sql`expires_at > now() AND uses < max_uses`;

/** The invitations in PostgreSQL. */
export class InviteRepository {
  constructor(private readonly db: Database) {}

  /** @returns undefined when there is no such room */
  add(
    { code, roomId, createdBy, seconds, maxUses }: NewInvite,
    remember?: Remember<Invite>,
  ): Promise<Invite | undefined> {
    return createOnce(this.db, remember, async (db) => {
      const [row] = await db.$queryRaw<Row[]>`
        INSERT INTO invites (code, room_id, created_by, expires_at, max_uses)
        SELECT ${code}, id, nullif(${BigInt(createdBy)}, 0), now() + make_interval(secs => ${seconds}::int), ${maxUses}::int
        FROM rooms WHERE id = ${BigInt(roomId)} FOR KEY SHARE
        RETURNING ${COLUMNS}`;
      return row && inviteOf(row);
    });
  }

  /** @returns whether there was such an invitation */
  async remove(roomId: number, code: string): Promise<boolean> {
    return (await this.db.invite.deleteMany({ where: { roomId, code } })).count > 0;
  }

  /**
   * Returns the invitations of a room that have not ended, in the order of the bytes of their codes.
   * @param after only codes after this one; empty for all
   */
  async open(roomId: number, after: string, limit: number): Promise<Invite[]> {
    const rows = await this.db.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM invites WHERE room_id = ${BigInt(roomId)} AND ${OPEN} AND code COLLATE "C" > ${after}
      ORDER BY code COLLATE "C" LIMIT ${limit}`;
    return rows.map(inviteOf);
  }

  /** Removes the invitations of a room that have expired or are used up. */
  async removeEnded(roomId: number): Promise<void> {
    await this.db.$executeRaw`DELETE FROM invites WHERE room_id = ${BigInt(roomId)} AND NOT (${OPEN})`;
  }

  count(roomId: number): Promise<number> {
    return this.db.invite.count({ where: { roomId } });
  }

  /** Room of an invitation that has not ended. */
  async roomOf(code: string): Promise<number | undefined> {
    const [row] = await this.db.$queryRaw<Array<{ roomId: bigint }>>`
      SELECT room_id AS "roomId" FROM invites WHERE code = ${code} AND ${OPEN}`;
    return row && Number(row.roomId);
  }

  /** @returns false when it has ended meanwhile */
  async use(tx: Prisma.TransactionClient, code: string): Promise<boolean> {
    return (await tx.$executeRaw`UPDATE invites SET uses = uses + 1 WHERE code = ${code} AND ${OPEN}`) > 0;
  }
}

function inviteOf(row: Row): Invite {
  return { ...row, roomId: Number(row.roomId) };
}
