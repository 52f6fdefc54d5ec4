import { Prisma } from '@chorus/database';
import type { Position } from '@chorus/protocol';

/** A room whose messages are read. */
export interface HistoryRoom {
  readonly id: number;
  /** Every entry up to this position is in PostgreSQL; 0-0 for none. */
  readonly storedUpTo: Position;
  /** Messages sent up to this time are left out, in milliseconds since 1970; undefined for none. */
  readonly expiredUpTo: number | undefined;
}

/**
 * SQL for the time up to which messages of the row's room, `rooms`, are not served any more; null without a retention. The shorter of
 * the retention of all rooms and that of the room applies.
 *
 * @param days retention of all rooms; undefined for none
 */
export const expiredUpTo = (days: number | undefined): Prisma.Sql =>
  Prisma.sql`(now() - least(rooms.retention_days, ${days ?? null}::int) * interval '1 day')`;
