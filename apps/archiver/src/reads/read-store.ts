import type { ReadPositions, UserReadMark } from '@chorus/broker';
import type { Database, Prisma } from '@chorus/database';

/** Held while read positions are stored: see {@link ReadStore.store}. */
const READS_LOCK = 7_270_737_001n;
/** Longest transaction, in milliseconds. It waits for Redis once. */
const TIMEOUT_MS = 10_000;

/**
 * Whether a mark replaces the stored position. A position after `unread` is of a message that the user has sent since, or of the moment at
 * which the user became a member again.
 */
const TAKES = `((member.read_epoch, member.read_seq) < (epoch, seq)
        OR "unreadEpoch" IS NOT NULL AND (member.read_epoch, member.read_seq) <= ("unreadEpoch", "unreadSeq"))`;

/**
 * $1: marks as JSON. Returns those that are left for later: the statement waits for no lock, neither of a room that is being deleted nor of
 * a member whom an archiver or API changes. So it takes part in no deadlock. A row that has changed since the statement began is
 * compared as it is now, because the conditions are in the values that are set.
 */
const SAVE = `
  WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS m("roomId" bigint, "userId" bigint, epoch bigint, seq bigint, n bigint,
      "unreadEpoch" bigint, "unreadSeq" bigint)
  ), known AS MATERIALIZED (
    SELECT id FROM rooms WHERE id IN (SELECT "roomId" FROM given) FOR KEY SHARE SKIP LOCKED
  ), marks AS MATERIALIZED (
    SELECT "roomId", "userId", given.epoch, given.seq, "unreadEpoch", "unreadSeq", coalesce(given.n, (
      SELECT coalesce(messages.n, messages.seq) FROM messages
      WHERE room_id = given."roomId" AND (messages.epoch, messages.seq) <= (given.epoch, given.seq)
      ORDER BY messages.epoch DESC, messages.seq DESC LIMIT 1
    ), 0) AS n FROM given JOIN known ON known.id = given."roomId"
  ), locked AS MATERIALIZED (
    SELECT marks.* FROM marks
    JOIN room_members member ON member.room_id = marks."roomId" AND member.user_id = marks."userId"
    FOR NO KEY UPDATE OF member SKIP LOCKED
  ), stored AS (
    UPDATE room_members member SET
      read_epoch = CASE WHEN ${TAKES} THEN epoch ELSE member.read_epoch END,
      read_seq = CASE WHEN ${TAKES} THEN seq ELSE member.read_seq END,
      read_n = CASE WHEN ${TAKES} THEN locked.n ELSE member.read_n END,
      unread_epoch = coalesce("unreadEpoch", member.unread_epoch), unread_seq = coalesce("unreadSeq", member.unread_seq)
    FROM locked WHERE member.room_id = locked."roomId" AND member.user_id = locked."userId"
  )
  SELECT member.room_id AS "roomId", member.user_id AS "userId" FROM given
  JOIN room_members member ON member.room_id = given."roomId" AND member.user_id = given."userId"
  WHERE (member.room_id, member.user_id) NOT IN (SELECT "roomId", "userId" FROM locked)`;

interface MemberRow {
  roomId: bigint;
  userId: bigint;
}

/** Stores the read positions of members. */
export class ReadStore {
  constructor(private readonly db: Database) {}

  /**
   * Stores some of the marks that are not settled, and settles them. A crash in between leaves marks that are stored again, which
   * changes nothing.
   *
   * Marks are read again from Redis while a lock is held that one archiver at a time can have. Otherwise one that was delayed could
   * store an old mark that was replaced by an earlier position since.
   *
   * @returns number of stored marks; 0 also if another archiver stores marks
   */
  async store(reads: Pick<ReadPositions, 'unsettled' | 'settle'>, limit: number): Promise<number> {
    const stored = await this.db.$transaction(
      async (tx) => {
        const [row] = await tx.$queryRaw<Array<{ locked: boolean }>>`
          SELECT pg_try_advisory_xact_lock(${READS_LOCK}) AS locked`;
        return row?.locked === true ? this.#save(tx, await reads.unsettled(limit)) : [];
      },
      { timeout: TIMEOUT_MS },
    );
    if (stored.length > 0) await reads.settle(stored);
    return stored.length;
  }

  /** @returns the marks that need not be stored again */
  async #save(tx: Prisma.TransactionClient, marks: readonly UserReadMark[]): Promise<UserReadMark[]> {
    if (marks.length === 0) return [];
    const rows = marks.map(({ roomId, userId, epoch, seq, n, unreadAt }) => ({
      ...{ roomId, userId, epoch, seq, n, unreadEpoch: unreadAt?.epoch, unreadSeq: unreadAt?.seq },
    }));
    const later = await tx.$queryRawUnsafe<MemberRow[]>(SAVE, JSON.stringify(rows));
    const waiting = new Set(later.map(({ roomId, userId }) => `${roomId}:${userId}`));
    return marks.filter(({ roomId, userId }) => !waiting.has(`${roomId}:${userId}`));
  }
}
