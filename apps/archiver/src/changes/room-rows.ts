import { currentMessageOf, type Database, MESSAGE_COLUMNS, type MessageRow } from '@chorus/database';
import type { CurrentMessage, Position } from '@chorus/protocol';
import type { Outcome } from '../messages/outcome.js';
import { moveReads, ownReadings } from '../reads/own-reading.js';
import { mentionedUsers, RECORD, recordOf } from './message-record.js';
import type { ArchiveEntry } from './read-entries.js';

export type Transaction = Pick<Database, '$queryRawUnsafe' | '$executeRawUnsafe' | '$executeRaw'>;

/** Kinds of changes that the log keeps only as long as the recent history could have to be restored. */
const TRANSIENT = ['edited', 'appended', 'reacted', 'unreacted', 'deleted', 'unreadable'];
/** Rows that one transaction prunes at most. */
const PRUNED_AT_ONCE = 5_000;

/** A message before and after entries were applied. */
interface Change {
  readonly before: CurrentMessage | undefined;
  readonly now: CurrentMessage;
}

/** The statements of a transaction that stores entries of one room. */
export class RoomRows {
  constructor(
    private readonly db: Transaction,
    private readonly roomId: number,
  ) {}

  /** Locks the room against deletion. @param elapsedMs time since the entries were read, in milliseconds */
  async lockRoom(elapsedMs: number): Promise<Outcome> {
    const [row] = await this.db.$queryRawUnsafe<Array<{ older: boolean | null }>>(
      `WITH known AS MATERIALIZED (
        SELECT id, created_at <= now() - $2::int * interval '1 ms' AS older FROM rooms
        WHERE id = $1::bigint FOR KEY SHARE SKIP LOCKED
      ) SELECT known.older FROM rooms LEFT JOIN known ON known.id = rooms.id WHERE rooms.id = $1::bigint`,
      this.roomId,
      elapsedMs,
    );
    if (row === undefined) return 'gone';
    return row.older === true ? 'stored' : 'later';
  }

  /** Locks the position up to which entries were applied, and returns it. */
  async lockHead(): Promise<Position> {
    const [row] = await this.db.$queryRawUnsafe<Array<{ epoch: bigint; seq: bigint }>>(
      `INSERT INTO room_heads (room_id, epoch, seq, n, sent_at) VALUES ($1::bigint, 0, 0, 0, timestamptz 'epoch')
      ON CONFLICT (room_id) DO UPDATE SET room_id = excluded.room_id RETURNING epoch, seq`,
      this.roomId,
    );
    return { epoch: Number(row?.epoch ?? 0), seq: Number(row?.seq ?? 0) };
  }

  /** Those of the messages that exist, in any order. */
  async messages(positions: readonly Position[]): Promise<CurrentMessage[]> {
    if (positions.length === 0) return [];
    const rows = await this.db.$queryRawUnsafe<MessageRow[]>(
      `SELECT ${MESSAGE_COLUMNS} FROM json_to_recordset($2::json) AS t(epoch bigint, seq bigint)
      JOIN messages m ON m.room_id = $1::bigint AND m.epoch = t.epoch AND m.seq = t.seq`,
      this.roomId,
      placesOf(positions),
    );
    return rows.map((row) => currentMessageOf(this.roomId, row));
  }

  async writeMessages(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const time = (name: string): string => `timestamptz 'epoch' + m."${name}" * interval '1 ms'`;
    await this.#write(
      changes.filter(({ before }) => before === undefined).map(({ now }) => now),
      `INSERT INTO messages (room_id, epoch, seq, n, message_id, user_id, username, content, sent_at, client_msg_id, bot, data,
        mentions, reply_to_epoch, reply_to_seq, edited_at, deleted_at, deleted_by, deleted_by_name, changed_epoch,
        changed_seq, replies)
      SELECT $1::bigint, m.epoch, m.seq, m.n, m.id, m."userId", m.username, m.content, ${time('sentAt')}, m."clientMsgId",
        m.bot, m.data::json, m.mentions, m."replyEpoch", m."replySeq", ${time('editedAt')}, ${time('deletedAt')}, m."deletedBy",
        m."deletedByName", m."changedEpoch", m."changedSeq", m.replies
      FROM json_to_recordset($2::json) AS ${RECORD} ORDER BY m.epoch, m.seq ON CONFLICT DO NOTHING`,
    );
    await this.#write(
      changes.filter(({ before }) => before !== undefined).map(({ now }) => now),
      `UPDATE messages SET content = m.content, data = m.data::json, mentions = m.mentions, edited_at = ${time('editedAt')},
        deleted_at = ${time('deletedAt')}, deleted_by = m."deletedBy", deleted_by_name = m."deletedByName",
        changed_epoch = m."changedEpoch", changed_seq = m."changedSeq", replies = m.replies
      FROM json_to_recordset($2::json) AS ${RECORD}
      WHERE messages.room_id = $1::bigint AND messages.epoch = m.epoch AND messages.seq = m.seq`,
    );
    await this.#writeReactions(changes);
    await this.#writeMentions(changes);
  }

  async logChanges(entries: readonly ArchiveEntry[]): Promise<void> {
    const changes = entries.flatMap((entry) => {
      if (entry.type !== 'change') return [];
      const { epoch, seq, n, kind, userId, sentAt, clientMsgId, body, frame } = entry;
      const target = frame !== undefined && 'target' in frame ? frame.target : undefined;
      const about = { targetEpoch: target?.epoch, targetSeq: target?.seq };
      return [{ epoch, seq, n, kind, ...about, userId, sentAt, clientMsgId, body }];
    });
    await this.#write(
      changes,
      `INSERT INTO room_changes
        (room_id, epoch, seq, n, kind, target_epoch, target_seq, user_id, sent_at, client_msg_id, body)
      SELECT $1::bigint, c.epoch, c.seq, c.n, c.kind, c."targetEpoch", c."targetSeq", c."userId",
        timestamptz 'epoch' + c."sentAt" * interval '1 ms', c."clientMsgId", c.body
      FROM json_to_recordset($2::json) AS c(epoch bigint, seq bigint, n bigint, kind text, "targetEpoch" bigint,
        "targetSeq" bigint, "userId" bigint, "sentAt" bigint, "clientMsgId" text, body text)
      ORDER BY c.epoch, c.seq ON CONFLICT DO NOTHING`,
    );
  }

  /** Removes the text of deleted messages from the log. */
  async scrub(messages: readonly Position[]): Promise<void> {
    await this.db.$executeRawUnsafe(
      `UPDATE room_changes SET body = NULL FROM json_to_recordset($2::json) AS t(epoch bigint, seq bigint)
      WHERE room_id = $1::bigint AND kind IN ('edited', 'appended') AND target_epoch = t.epoch AND target_seq = t.seq`,
      this.roomId,
      placesOf(messages),
    );
  }

  /** See `ChangeStore.deletedText`. */
  async deletedText(messages: readonly Position[]): Promise<Position[]> {
    const rows = await this.db.$queryRawUnsafe<Array<{ epoch: bigint; seq: bigint }>>(
      `WITH deleted AS (
        SELECT m.epoch, m.seq FROM json_to_recordset($2::json) AS t(epoch bigint, seq bigint)
        JOIN messages m ON m.room_id = $1::bigint AND m.epoch = t.epoch AND m.seq = t.seq WHERE m.deleted_at IS NOT NULL
      )
      SELECT epoch, seq FROM deleted UNION SELECT c.epoch, c.seq FROM deleted d
      JOIN room_changes c ON c.room_id = $1::bigint AND c.kind IN ('edited', 'appended')
        AND c.target_epoch = d.epoch AND c.target_seq = d.seq`,
      this.roomId,
      placesOf(messages),
    );
    return rows.map(({ epoch, seq }) => ({ epoch: Number(epoch), seq: Number(seq) }));
  }

  async writeHead(entries: readonly ArchiveEntry[]): Promise<void> {
    const last = entries.at(-1);
    if (last === undefined) return;
    const message = entries.findLast(({ type }) => type === 'message');
    await this.db.$executeRawUnsafe(
      `UPDATE room_heads SET epoch = $2::bigint, seq = $3::bigint, n = $4::bigint,
        sent_at = greatest(timestamptz 'epoch' + $5::bigint * interval '1 ms', sent_at),
        oldest_at = CASE oldest_at WHEN 'infinity' THEN '-infinity' ELSE oldest_at END WHERE room_id = $1::bigint`,
      this.roomId,
      last.epoch,
      last.seq,
      last.n ?? last.seq,
      message?.sentAt ?? null,
    );
  }

  /** Moves the read positions of senders and new members forward. */
  async moveReads(entries: readonly ArchiveEntry[]): Promise<void> {
    const readings = ownReadings(entries);
    if (readings.length === 0) return;
    await this.db.$executeRawUnsafe(`WITH ${moveReads('$1')} SELECT 1`, JSON.stringify(readings));
  }

  /** Removes changes from the log that a restored history would not hold. The last entry of a room stays. */
  async prune(historySize: number): Promise<void> {
    await this.db.$executeRawUnsafe(
      `DELETE FROM room_changes WHERE ctid = ANY(ARRAY(
        SELECT c.ctid FROM room_changes c JOIN room_heads h ON h.room_id = c.room_id
        WHERE c.room_id = $1::bigint AND c.seq <= h.seq - $2::bigint AND c.kind = ANY($3::text[]) AND c.seq < h.seq
        LIMIT ${PRUNED_AT_ONCE}
      ))`,
      this.roomId,
      historySize,
      TRANSIENT,
    );
  }

  async #writeReactions(changes: readonly Change[]): Promise<void> {
    const [gone, set]: [object[], object[]] = [[], []];
    for (const { before, now } of changes) {
      if (before?.reactions === now.reactions) continue;
      const [old, current] = [reactionsOf(before), reactionsOf(now)];
      for (const [key, each] of old) if (!current.has(key)) gone.push(each);
      for (const [key, each] of current) if (!old.has(key)) set.push(each);
    }
    const record = 'r(epoch bigint, seq bigint, reaction text, "userId" bigint)';
    await this.#write(
      gone,
      `DELETE FROM reactions USING json_to_recordset($2::json) AS ${record}
      WHERE reactions.room_id = $1::bigint AND reactions.epoch = r.epoch AND reactions.seq = r.seq
        AND reactions.reaction = r.reaction AND reactions.user_id = r."userId"`,
    );
    await this.#write(
      set,
      `INSERT INTO reactions (room_id, epoch, seq, reaction, user_id)
      SELECT $1::bigint, r.epoch, r.seq, r.reaction, r."userId" FROM json_to_recordset($2::json) AS ${record}
      ON CONFLICT DO NOTHING`,
    );
  }

  async #writeMentions(changes: readonly Change[]): Promise<void> {
    const changed = changes.filter(({ before, now }) => before?.mentions !== now.mentions);
    await this.#write(
      changed
        .filter(({ before }) => before?.mentions !== undefined)
        .map(({ now: { epoch, seq } }) => ({ epoch, seq })),
      `DELETE FROM mentions USING json_to_recordset($2::json) AS t(epoch bigint, seq bigint)
      WHERE mentions.room_id = $1::bigint AND mentions.epoch = t.epoch AND mentions.seq = t.seq`,
    );
    await this.#write(
      changed.flatMap(({ now }) => {
        const { epoch, seq, n = seq } = now;
        const { userId: senderId } = now;
        return mentionedUsers(now).map((userId) => ({ epoch, seq, n, userId, senderId }));
      }),
      `INSERT INTO mentions (room_id, user_id, epoch, seq, n, sender_id)
      SELECT $1::bigint, t."userId", t.epoch, t.seq, t.n, t."senderId"
      FROM json_to_recordset($2::json) AS t(epoch bigint, seq bigint, n bigint, "userId" bigint, "senderId" bigint)
      ON CONFLICT DO NOTHING`,
    );
  }

  async #write(records: readonly object[], statement: string): Promise<void> {
    if (records.length === 0) return;
    const rows = records.map((record) =>
      'reactions' in record ? recordOf(record as CurrentMessage) : record,
    );
    await this.db.$executeRawUnsafe(statement, this.roomId, JSON.stringify(rows));
  }
}

function placesOf(positions: readonly Position[]): string {
  return JSON.stringify(positions.map(({ epoch, seq }) => ({ epoch, seq })));
}

/** Each reaction of each user. */
function reactionsOf(message: CurrentMessage | undefined): Map<string, object> {
  if (message === undefined) return new Map();
  const { epoch, seq, reactions } = message;
  return new Map(
    reactions.flatMap(({ reaction, users }) =>
      users.map((userId) => [`${userId} ${reaction}`, { epoch, seq, reaction, userId }] as const),
    ),
  );
}
