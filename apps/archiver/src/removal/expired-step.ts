import type { Position } from '@chorus/protocol';
import { type EntryTable, FIRST, ROWS_AT_ONCE, removeRows, type Transaction } from './entry-rows.js';

export interface ExpiredStep {
  /** Number of removed rows. */
  readonly removed: number;
  /** Whether the room has more that is too old. */
  readonly more: boolean;
}

/** Removes entries with text of removed messages from the recent history. */
export type EraseTexts = (entries: readonly Position[]) => Promise<void>;

interface Head {
  removedEpoch: bigint;
  removedSeq: bigint;
  /** PostgreSQL's clock less the retention. */
  before: string;
}

interface Row {
  epoch: bigint;
  seq: bigint;
  n: bigint | null;
  sentAt: string;
  expired: boolean;
}

/** The oldest rows of a table. */
interface Oldest {
  /** The last of the leading rows that are too old. */
  readonly last: (Position & { readonly n: number }) | undefined;
  /** When the first row that stays was sent; null if there is none. */
  readonly keptAt: string | null;
  /** Whether all rows that were read are too old, and there may be more. */
  readonly more: boolean;
}

/**
 * Removes the oldest entries of a room as far as they are too old, with what belongs to them: at most {@link ROWS_AT_ONCE} rows of
 * each table. Within a room the order of entries is that of their time, so nothing else has to be read.
 *
 * Locks the room's head first, as storing does: no edit is applied to a message that is removed at that moment.
 *
 * @param days retention of all rooms; undefined for none
 * @returns undefined if another transaction has the room, or it has no retention
 */
export async function removeExpired(
  db: Transaction,
  roomId: number,
  days: number | undefined,
  eraseTexts: EraseTexts,
): Promise<ExpiredStep | undefined> {
  const head = await lockHead(db, roomId, days);
  if (head === undefined) return undefined;
  await advanceHead(db, roomId);
  const removedUpTo = { epoch: Number(head.removedEpoch), seq: Number(head.removedSeq) };
  const messages = await oldest(db, 'messages', roomId, removedUpTo, head.before);
  const changes = await oldest(db, 'room_changes', roomId, FIRST, head.before);
  let removed = 0;
  if (messages.last !== undefined) {
    removed = await removeBelongings(db, roomId, messages.last, eraseTexts);
    // What belongs to messages goes first: the next step would not find it.
    if (removed >= ROWS_AT_ONCE) return { removed, more: true };
    removed += (await removeRows(db, 'messages', roomId, removedUpTo, messages.last)).count;
  }
  if (changes.last !== undefined) {
    removed += (await removeRows(db, 'room_changes', roomId, FIRST, changes.last)).count;
  }
  const more = messages.more || changes.more;
  await writeHead(db, roomId, messages, changes, more);
  return { removed, more };
}

async function lockHead(
  db: Transaction,
  roomId: number,
  days: number | undefined,
): Promise<Head | undefined> {
  const [head] = await db.$queryRawUnsafe<Head[]>(
    `SELECT head.removed_epoch AS "removedEpoch", head.removed_seq AS "removedSeq",
      (now() - least(rooms.retention_days, $2::int) * interval '1 day')::text AS before
    FROM room_heads head JOIN rooms ON rooms.id = head.room_id
    WHERE head.room_id = $1::bigint AND least(rooms.retention_days, $2::int) IS NOT NULL FOR UPDATE OF head SKIP LOCKED`,
    roomId,
    days ?? null,
  );
  return head;
}

/** Archivers of older versions store messages without the head, which has to keep the position of the room. */
async function advanceHead(db: Transaction, roomId: number): Promise<void> {
  await db.$executeRawUnsafe(
    `UPDATE room_heads head SET epoch = last.epoch, seq = last.seq, n = coalesce(last.n, last.seq),
      sent_at = greatest(head.sent_at, last.sent_at)
    FROM (
      SELECT epoch, seq, n, sent_at FROM messages WHERE room_id = $1::bigint ORDER BY epoch DESC, seq DESC LIMIT 1
    ) last
    WHERE head.room_id = $1::bigint AND (head.epoch, head.seq) < (last.epoch, last.seq)`,
    roomId,
  );
}

/** @param from no row is before it */
async function oldest(
  db: Transaction,
  table: 'messages' | 'room_changes',
  roomId: number,
  from: Position,
  before: string,
): Promise<Oldest> {
  const rows = await db.$queryRawUnsafe<Row[]>(
    `SELECT epoch, seq, n, sent_at::text AS "sentAt", sent_at <= $4::text::timestamptz AS expired FROM ${table}
    WHERE room_id = $1::bigint AND (epoch, seq) >= ($2::bigint, $3::bigint) ORDER BY epoch, seq LIMIT ${ROWS_AT_ONCE}`,
    ...[roomId, from.epoch, from.seq, before],
  );
  const kept = rows.findIndex(({ expired }) => !expired);
  const last = kept === -1 ? rows.at(-1) : rows[kept - 1];
  return {
    last: last && {
      ...{ epoch: Number(last.epoch), seq: Number(last.seq) },
      n: Number(last.n ?? last.seq),
    },
    keptAt: rows[kept]?.sentAt ?? null,
    more: kept === -1 && rows.length === ROWS_AT_ONCE,
  };
}

/**
 * Removes what belongs to messages, from the start: a report can come after its message was removed.
 * @returns the number of removed rows; at least {@link ROWS_AT_ONCE} if there may be more
 */
async function removeBelongings(
  db: Transaction,
  roomId: number,
  upTo: Position,
  eraseTexts: EraseTexts,
): Promise<number> {
  let removed = 0;
  for (const table of ['reactions', 'mentions', 'reports'] satisfies EntryTable[]) {
    removed += (await removeRows(db, table, roomId, FIRST, upTo)).count;
    if (removed >= ROWS_AT_ONCE) return removed;
  }
  const texts = await db.$queryRawUnsafe<Array<{ epoch: bigint; seq: bigint }>>(
    `DELETE FROM room_changes WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM room_changes WHERE room_id = $1::bigint AND kind IN ('edited', 'appended')
        AND (target_epoch, target_seq) <= ($2::bigint, $3::bigint) LIMIT ${ROWS_AT_ONCE}
    )) RETURNING epoch, seq`,
    ...[roomId, upTo.epoch, upTo.seq],
  );
  // Before the commit: if it fails, the entries are found again.
  if (texts.length > 0) {
    await eraseTexts(texts.map(({ epoch, seq }) => ({ epoch: Number(epoch), seq: Number(seq) })));
  }
  return removed + texts.length;
}

async function writeHead(
  db: Transaction,
  roomId: number,
  messages: Oldest,
  changes: Oldest,
  more: boolean,
): Promise<void> {
  const { last } = messages;
  await db.$executeRawUnsafe(
    `UPDATE room_heads SET
      oldest_at = CASE WHEN $2::boolean THEN oldest_at
        ELSE coalesce(least($3::text::timestamptz, $4::text::timestamptz), 'infinity') END,
      removed_epoch = coalesce($5::bigint, removed_epoch), removed_seq = coalesce($6::bigint, removed_seq),
      removed_n = greatest(removed_n, $7::bigint)
    WHERE room_id = $1::bigint`,
    ...[roomId, more, messages.keptAt, changes.keptAt, last?.epoch ?? null, last?.seq ?? null, last?.n ?? 0],
  );
}
