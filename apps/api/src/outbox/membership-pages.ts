import type { Membership, SlowMode, UserMemberships } from '@chorus/control';
import { type Database, Prisma } from '@chorus/database';
import type { RoleOrNone } from '@chorus/protocol';
import { MIRROR_LOCK } from './locks.js';

/** Memberships read and restored at a time: about 100 ms, for which deliveries of the outbox wait. */
const PAGE = 20_000;
const TIMEOUT_MS = 30_000;
const LAST_ID = BigInt(Number.MAX_SAFE_INTEGER);

/** Memberships and slow modes in PostgreSQL, page by page. */
export class MembershipPages {
  constructor(private readonly db: Database) {}

  /** Calls `restore` with all slow modes, while the outbox does not write to the mirror. */
  slowModes(restore: (slowModes: readonly SlowMode[]) => Promise<void>): Promise<void> {
    return this.#locked(async (tx) => {
      const rows = await tx.$queryRaw<Array<{ id: bigint; seconds: number }>>`
        SELECT id, slow_mode_seconds AS seconds FROM rooms WHERE slow_mode_seconds > 0`;
      await restore(rows.map(({ id, seconds }) => ({ roomId: Number(id), seconds })));
    });
  }

  /** Calls `restore` with the retentions of all rooms that have one, in days, while the outbox does not write to the mirror. */
  retentions(restore: (retentions: ReadonlyMap<number, number>) => Promise<void>): Promise<void> {
    return this.#locked(async (tx) => {
      const rows = await tx.$queryRaw<Array<{ id: bigint; days: number }>>`
        SELECT id, retention_days AS days FROM rooms WHERE retention_days IS NOT NULL`;
      await restore(new Map(rows.map(({ id, days }) => [Number(id), days])));
    });
  }

  /**
   * Calls `restore` with all memberships of the users with ids above `after`, as many as make a page, while the outbox does
   * not write to the mirror.
   * @returns the last of these users; undefined when it was the last page
   */
  users(
    after: number,
    restore: (users: readonly UserMemberships[]) => Promise<void>,
  ): Promise<number | undefined> {
    return this.#locked(async (tx) => {
      const [bound] = await tx.$queryRaw<Array<{ userId: bigint }>>`
        SELECT user_id AS "userId" FROM room_members WHERE user_id > ${BigInt(after)}
        ORDER BY user_id, room_id OFFSET ${PAGE} LIMIT 1`;
      // One text for each user: reading a million rows as objects takes the client longer than PostgreSQL.
      const rows = await tx.$queryRaw<Array<{ userId: bigint; rooms: string }>>`
        SELECT user_id AS "userId", string_agg(room_id || ' ' || role || ' ' ||
          coalesce((extract(epoch FROM until) * 1000)::bigint::text, ''), ',') AS rooms
        FROM (${HELD(after, bound?.userId ?? LAST_ID)}) held GROUP BY user_id`;
      await restore(rows.map(({ userId, rooms }) => ({ userId: Number(userId), memberships: read(rooms) })));
      return bound && Number(bound.userId);
    });
  }

  #locked<T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.db.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT pg_advisory_xact_lock(${MIRROR_LOCK}::bigint)::text`;
        return work(tx);
      },
      { timeout: TIMEOUT_MS, maxWait: TIMEOUT_MS },
    );
  }
}

/** Memberships of users in a range of ids, and mutes of users who are not members. */
const HELD = (after: number, last: bigint) => Prisma.sql`
  SELECT member.user_id, member.room_id, member.role, mute.until FROM room_members member
  LEFT JOIN mutes mute ON mute.room_id = member.room_id AND mute.user_id = member.user_id AND mute.until > now()
  WHERE member.user_id > ${BigInt(after)} AND member.user_id <= ${last}
  UNION ALL
  SELECT mute.user_id, mute.room_id, 'none', mute.until FROM mutes mute
  WHERE mute.user_id > ${BigInt(after)} AND mute.user_id <= ${last} AND mute.until > now() AND NOT EXISTS (
    SELECT 1 FROM room_members member WHERE member.room_id = mute.room_id AND member.user_id = mute.user_id
  )`;

function read(rooms: string): Array<readonly [number, Membership]> {
  return rooms.split(',').map((text) => {
    const [room, role, until] = text.split(' ');
    const mute = until ? { mutedUntil: Number(until) } : {};
    return [Number(room), { role: role as RoleOrNone, ...mute }] as const;
  });
}
