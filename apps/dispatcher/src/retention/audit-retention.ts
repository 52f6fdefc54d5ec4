import type { Database } from '@chorus/database';
import type { Logger } from '@chorus/service';
import { GradualRemoval, ROWS_AT_ONCE } from './gradual-removal.js';

/** Removes the entries of the audit that are too old. */
export function auditRetention(
  db: Pick<Database, '$executeRawUnsafe'>,
  days: number,
  log: Logger,
): GradualRemoval {
  const step = (): Promise<number> =>
    db.$executeRawUnsafe(
      `DELETE FROM audit WHERE (at, id) IN (
        SELECT at, id FROM audit WHERE at < now() - $1::int * interval '1 day' ORDER BY at, id LIMIT $2::int FOR UPDATE SKIP LOCKED
      )`,
      days,
      ROWS_AT_ONCE,
    );
  return new GradualRemoval(step, 'entries of the audit', log);
}
