import type { Database } from '@chorus/database';
import type { Logger } from '@chorus/service';
import { GradualRemoval, ROWS_AT_ONCE } from './gradual-removal.js';

/**
 * Removes the beginning of the log of events, up to the first event that is young enough, and notes how far it got: a reader that
 * continues from there on is refused instead of missing events.
 */
export function eventRetention(
  db: Pick<Database, '$queryRawUnsafe'>,
  days: number,
  log: Logger,
): GradualRemoval {
  const step = async (): Promise<number> => {
    const [row] = await db.$queryRawUnsafe<Array<{ removed: bigint }>>(
      `WITH oldest AS MATERIALIZED (
        SELECT position, at < now() - $1::int * interval '1 day' AS old FROM events ORDER BY position LIMIT $2::int
      ), gone AS (
        DELETE FROM events WHERE position IN (
          SELECT position FROM oldest WHERE position < coalesce((SELECT min(position) FROM oldest WHERE NOT old), 9223372036854775807)
        ) RETURNING position
      ), noted AS (
        UPDATE event_log SET removed = greatest(removed, (SELECT max(position) FROM gone)) WHERE EXISTS (SELECT FROM gone)
      ) SELECT count(*) AS removed FROM gone`,
      days,
      ROWS_AT_ONCE,
    );
    return Number(row?.removed ?? 0n);
  };
  return new GradualRemoval(step, 'events', log);
}
