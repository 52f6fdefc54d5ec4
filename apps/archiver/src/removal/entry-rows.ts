import type { Database } from '@chorus/database';
import type { Position } from '@chorus/protocol';

export type Transaction = Pick<Database, '$queryRawUnsafe' | '$executeRawUnsafe'>;

/** Tables with rows that belong to a position of a room, each with an index over room and position. */
export const ENTRY_TABLES = ['mentions', 'reactions', 'room_changes', 'messages'] as const;
export type EntryTable = (typeof ENTRY_TABLES)[number] | 'reports';

/** Rows that one statement removes at most: storing in the room waits for them, about 20 ms. */
export const ROWS_AT_ONCE = 1_000;

export const FIRST: Position = { epoch: 0, seq: 0 };
export const LAST: Position = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };

export interface RemovedRows {
  readonly count: number;
  /** Position of the last removed row, from which the next call continues. */
  readonly last: Position;
}

/**
 * Removes rows of a room in the order of their positions, at most {@link ROWS_AT_ONCE}.
 * @param from no row is before it: the index still holds those that were removed, and reading over them costs time
 */
export async function removeRows(
  db: Transaction,
  table: EntryTable,
  roomId: number,
  from: Position,
  upTo: Position,
): Promise<RemovedRows> {
  const rows = await db.$queryRawUnsafe<Array<{ count: bigint; epoch: bigint | null; seq: bigint | null }>>(
    `WITH removed AS (
      DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${table} WHERE room_id = $1::bigint AND (epoch, seq) >= ($2::bigint, $3::bigint)
          AND (epoch, seq) <= ($4::bigint, $5::bigint) ORDER BY epoch, seq LIMIT ${ROWS_AT_ONCE}
      )) RETURNING epoch, seq
    ), last AS (SELECT epoch, seq FROM removed ORDER BY epoch DESC, seq DESC LIMIT 1)
    SELECT (SELECT count(*) FROM removed) AS count, last.epoch, last.seq FROM (VALUES (1)) one LEFT JOIN last ON true`,
    ...[roomId, from.epoch, from.seq, upTo.epoch, upTo.seq],
  );
  const { count = 0n, epoch = null, seq = null } = rows[0] ?? {};
  const last = epoch === null || seq === null ? from : { epoch: Number(epoch), seq: Number(seq) };
  return { count: Number(count), last };
}
