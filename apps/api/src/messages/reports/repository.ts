import { type Database, LISTENED, Prisma } from '@chorus/database';
import type { Member, Position } from '@chorus/protocol';
import type { HistoryRoom } from '../../rooms/retention.js';

/** A report of a message. */
export interface Report {
  readonly id: number;
  readonly message: Position;
  readonly reporter: Member;
  readonly reason: string;
  readonly reportedAt: Date;
}

interface Row {
  id: bigint;
  epoch: bigint;
  seq: bigint;
  reporterId: bigint;
  reporterName: string;
  reason: string;
  reportedAt: Date;
}

const COLUMNS = Prisma.sql`id, epoch, seq, reporter_id AS "reporterId", reporter_name AS "reporterName", reason,
  reported_at AS "reportedAt"`;

/** Reported messages in PostgreSQL. Reports refer to messages and hold no text of them. */
export class ReportRepository {
  constructor(private readonly db: Database) {}

  /** Stores a report. One user has one report of a message: a further one replaces the reason. */
  async put(roomId: number, { epoch, seq }: Position, reporter: Member, reason: string): Promise<Report> {
    const [row] = await this.db.$queryRaw<Row[]>`
      WITH stored AS (
        INSERT INTO reports (room_id, epoch, seq, reporter_id, reporter_name, reason)
        VALUES (${BigInt(roomId)}, ${BigInt(epoch)}, ${BigInt(seq)}, ${BigInt(reporter.id)}, ${reporter.username}, ${reason})
        ON CONFLICT (room_id, epoch, seq, reporter_id) DO UPDATE SET reason = excluded.reason RETURNING *
      ), recorded AS (
        INSERT INTO event_outbox (type, room_id, epoch, seq, user_id, data)
        SELECT 'message.reported', room_id, epoch, seq, reporter_id, jsonb_build_object('reportId', id, 'reason', reason)
        FROM stored WHERE ${Prisma.raw(LISTENED)}
      ) SELECT ${COLUMNS} FROM stored`;
    if (row === undefined) throw new Error('the report was not stored');
    return reportOf(row);
  }

  /** Reports with ids above `after`, in ascending order of id; without those of messages that are too old. */
  async list(room: HistoryRoom, after: number, limit: number): Promise<Report[]> {
    const expiredUpTo = room.expiredUpTo === undefined ? null : new Date(room.expiredUpTo);
    const rows = await this.db.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM reports WHERE room_id = ${BigInt(room.id)} AND id > ${BigInt(after)}
        AND NOT EXISTS (
          -- The message of a new report may not be stored yet.
          SELECT 1 FROM room_heads head WHERE head.room_id = reports.room_id
            AND (reports.epoch, reports.seq) <= (head.removed_epoch, head.removed_seq)
          UNION ALL SELECT 1 FROM messages message WHERE message.room_id = reports.room_id
            AND message.epoch = reports.epoch AND message.seq = reports.seq AND message.sent_at <= ${expiredUpTo}
        )
      ORDER BY id LIMIT ${limit}`;
    return rows.map(reportOf);
  }
}

function reportOf({ id, epoch, seq, reporterId, reporterName, reason, reportedAt }: Row): Report {
  return {
    id: Number(id),
    message: { epoch: Number(epoch), seq: Number(seq) },
    reporter: { id: Number(reporterId), username: reporterName },
    ...{ reason, reportedAt },
  };
}
