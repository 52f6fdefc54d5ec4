import { type Database, Prisma } from '@chorus/database';
import type { MessageFrame, Position } from '@chorus/protocol';
import { type MessageRow, messageFrameOf } from './message-row.js';

/** The archived messages in PostgreSQL: all but the newest, which archivers have not stored yet. */
export class MessageRepository {
  constructor(private readonly db: Database) {}

  /** Returns the last messages before a position, or of the room, at most `limit`, oldest first. */
  async before(roomId: number, before: Position | undefined, limit: number): Promise<MessageFrame[]> {
    const bound =
      before === undefined
        ? Prisma.empty
        : Prisma.sql`AND (epoch, seq) < (${BigInt(before.epoch)}, ${BigInt(before.seq)})`;
    const rows = await this.#rows(roomId, bound, Prisma.sql`epoch DESC, seq DESC`, limit);
    return rows.reverse();
  }

  /** Returns the first messages after a position, at most `limit`, oldest first. */
  after(roomId: number, after: Position, limit: number): Promise<MessageFrame[]> {
    const bound = Prisma.sql`AND (epoch, seq) > (${BigInt(after.epoch)}, ${BigInt(after.seq)})`;
    return this.#rows(roomId, bound, Prisma.sql`epoch, seq`, limit);
  }

  /** One scan of the primary key: with Prisma's own conditions PostgreSQL would sort. */
  async #rows(roomId: number, bound: Prisma.Sql, order: Prisma.Sql, limit: number): Promise<MessageFrame[]> {
    const rows = await this.db.$queryRaw<MessageRow[]>`
      SELECT epoch, seq, n, message_id AS id, user_id AS "userId", username, content, sent_at AS "sentAt",
        client_msg_id AS "clientMsgId", data::text AS data, mentions, reply_to_epoch AS "replyEpoch",
        reply_to_seq AS "replySeq", edited_at AS "editedAt", changed_epoch AS "changedEpoch", changed_seq AS "changedSeq"
      FROM messages WHERE room_id = ${BigInt(roomId)} AND deleted_at IS NULL ${bound} ORDER BY ${order} LIMIT ${limit}`;
    return rows.map((row) => messageFrameOf(roomId, row));
  }
}
