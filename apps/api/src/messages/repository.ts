import { currentMessageOf, type Database, MESSAGE_COLUMNS, type MessageRow, Prisma } from '@chorus/database';
import type { CurrentMessage, Position } from '@chorus/protocol';
import type { HistoryRoom } from '../rooms/retention.js';
import { lastExpired } from './last-expired.js';

const COLUMNS = Prisma.raw(MESSAGE_COLUMNS);

const place = ({ epoch, seq }: Position): Prisma.Sql =>
  Prisma.sql`((SELECT ${epoch}::bigint), (SELECT ${seq}::bigint))`;

/** Leaves out messages that are too old. */
const kept = ({ expiredUpTo }: HistoryRoom): Prisma.Sql =>
  expiredUpTo === undefined ? Prisma.empty : Prisma.sql`AND sent_at > ${new Date(expiredUpTo)}`;

/** The archived messages in PostgreSQL, as they are now: all but the newest, which archivers have not stored yet. */
export class MessageRepository {
  constructor(private readonly db: Database) {}

  /** Returns the last messages before a position, or of the room, at most `limit`, oldest first. */
  async before(roomId: number, before: Position | undefined, limit: number): Promise<CurrentMessage[]> {
    const bound = before === undefined ? Prisma.empty : Prisma.sql`AND (epoch, seq) < ${place(before)}`;
    const messages = await this.#messages(roomId, bound, Prisma.sql`epoch DESC, seq DESC`, limit);
    return messages.reverse();
  }

  /** Returns the first messages after a position, at most `limit`, oldest first; from the first one on that is not too old. */
  async after({ id, expiredUpTo }: HistoryRoom, after: Position, limit: number): Promise<CurrentMessage[]> {
    const messages = await this.#after(id, after, limit);
    const [first] = messages;
    if (expiredUpTo === undefined || first === undefined || first.sentAt > expiredUpTo) return messages;
    return this.#after(id, await lastExpired(this.db, id, after, expiredUpTo), limit);
  }

  /** Returns the messages that changed after a position, in the order of their last changes, at most `limit`. */
  changedAfter(room: HistoryRoom, after: Position, limit: number): Promise<CurrentMessage[]> {
    const bound = Prisma.sql`AND changed_epoch IS NOT NULL
      AND (changed_epoch, changed_seq) > ${place(after)} ${kept(room)}`;
    return this.#messages(room.id, bound, Prisma.sql`changed_epoch, changed_seq`, limit);
  }

  /** Returns those of the messages that are stored. */
  async at(roomId: number, positions: readonly Position[]): Promise<CurrentMessage[]> {
    if (positions.length === 0) return [];
    const [epochs, seqs] = [positions.map(({ epoch }) => epoch), positions.map(({ seq }) => seq)];
    // With a LIMIT, PostgreSQL looks each of them up, whatever number of messages it expects in a room.
    const rows = await this.db.prepared.rows<MessageRow>(Prisma.sql`
      SELECT ${COLUMNS} FROM unnest(${epochs}::bigint[], ${seqs}::bigint[]) AS wanted(epoch, seq) CROSS JOIN LATERAL (
        SELECT * FROM messages WHERE room_id = ${roomId}::bigint AND epoch = wanted.epoch AND seq = wanted.seq LIMIT 1
      ) m`);
    return rows.map((row) => currentMessageOf(roomId, row));
  }

  #after(roomId: number, after: Position, limit: number): Promise<CurrentMessage[]> {
    const bound = Prisma.sql`AND (epoch, seq) > ${place(after)}`;
    return this.#messages(roomId, bound, Prisma.sql`epoch, seq`, limit);
  }

  /** One scan of an index. Its plan does not depend on the values: see `PreparedStatements`. */
  async #messages(
    roomId: number,
    bound: Prisma.Sql,
    order: Prisma.Sql,
    limit: number,
  ): Promise<CurrentMessage[]> {
    const rows = await this.db.prepared.rows<MessageRow>(Prisma.sql`
      SELECT ${COLUMNS} FROM messages m WHERE room_id = (SELECT ${roomId}::bigint) ${bound}
      ORDER BY ${order} LIMIT (SELECT ${limit}::bigint)`);
    return rows.map((row) => currentMessageOf(roomId, row));
  }
}
