import { type Database, Prisma } from '@chorus/database';
import type { Position } from '@chorus/protocol';

/**
 * Returns the last message after a position that was sent up to a time, in a room whose next message was. Within a room the order of
 * messages is that of time, so a few look-ups find it, however many there are: archivers may not have removed them yet.
 *
 * The last epoch that begins with such a message is searched by bisection: the message at `lo` is one, none from `hi` on is.
 *
 * @param expiredUpTo milliseconds since 1970
 */
export async function lastExpired(
  db: Database,
  roomId: number,
  after: Position,
  expiredUpTo: number,
): Promise<Position> {
  const [room, time] = [Prisma.sql`room_id = ${BigInt(roomId)}`, new Date(expiredUpTo)];
  const rows = await db.$queryRaw<Array<{ epoch: bigint; seq: bigint }>>`
    WITH RECURSIVE begins AS (
      (SELECT epoch, seq, sent_at FROM messages WHERE ${room} AND (epoch, seq) > (${BigInt(after.epoch)}, ${BigInt(after.seq)})
       ORDER BY epoch, seq LIMIT 1)
      UNION ALL
      SELECT next.* FROM begins CROSS JOIN LATERAL (
        SELECT epoch, seq, sent_at FROM messages WHERE ${room} AND epoch > begins.epoch ORDER BY epoch, seq LIMIT 1
      ) next WHERE begins.sent_at <= ${time}
    ), searched AS MATERIALIZED (
      SELECT epoch, seq FROM begins WHERE sent_at <= ${time} ORDER BY epoch DESC LIMIT 1
    ), bisection AS (
      SELECT searched.epoch, searched.seq AS lo, newest.seq + 1 AS hi FROM searched CROSS JOIN LATERAL (
        SELECT seq FROM messages WHERE ${room} AND epoch = searched.epoch ORDER BY seq DESC LIMIT 1
      ) newest
      UNION ALL
      SELECT step.epoch, CASE WHEN found.seq < hi AND found.sent_at <= ${time} THEN found.seq ELSE lo END,
        CASE WHEN found.seq < hi AND found.sent_at <= ${time} THEN hi ELSE middle END
      FROM (SELECT epoch, lo, hi, (lo + hi + 1) / 2 AS middle FROM bisection WHERE hi - lo > 1) step
      LEFT JOIN LATERAL (
        SELECT seq, sent_at FROM messages WHERE ${room} AND epoch = step.epoch AND seq >= step.middle ORDER BY seq LIMIT 1
      ) found ON true
    )
    SELECT epoch, lo AS seq FROM bisection WHERE hi - lo <= 1 LIMIT 1`;
  const [row] = rows;
  return row === undefined ? after : { epoch: Number(row.epoch), seq: Number(row.seq) };
}
