import {
  type ArchivedMessage,
  archivedMessages,
  type Database,
  MESSAGE_COLUMNS,
  Prisma,
} from '@chorus/database';
import { type Position, ROLES_OR_NONE, type RoleOrNone } from '@chorus/protocol';
import type { HistoryRoom } from '../rooms/retention.js';
import { lastExpired } from './history/last-expired.js';

const COLUMNS = Prisma.raw(MESSAGE_COLUMNS);

const place = ({ epoch, seq }: Position): Prisma.Sql =>
  Prisma.sql`((SELECT ${epoch}::bigint), (SELECT ${seq}::bigint))`;

/** Leaves out messages that are too old. */
const kept = ({ expiredUpTo }: HistoryRoom): Prisma.Sql =>
  expiredUpTo === undefined ? Prisma.empty : Prisma.sql`AND sent_at > ${new Date(expiredUpTo)}`;

/** Role of a user in a room, read once per statement. */
const roleIn = (roomId: number, userId: number): Prisma.Sql => Prisma.sql`coalesce((
  SELECT role FROM room_members WHERE room_id = ${roomId}::bigint AND user_id = ${userId}::bigint
), 'none') AS role`;

/**
 * Returns the role of the user for whom messages were read, of the same moment as the messages. Undefined if there are no messages, or
 * none was asked for.
 */
export function readerRole([message]: readonly ArchivedMessage[]): RoleOrNone | undefined {
  const role = message?.other('role');
  return ROLES_OR_NONE.find((each) => each === role);
}

/** The archived messages in PostgreSQL, as they are now: all but the newest, which archivers have not stored yet. */
export class MessageRepository {
  constructor(private readonly db: Database) {}

  /**
   * Returns the last messages before a position, or of the room, at most `limit`, oldest first.
   * @param readerId user whose role {@link readerRole} returns
   */
  async before(
    roomId: number,
    before: Position | undefined,
    limit: number,
    readerId?: number,
  ): Promise<ArchivedMessage[]> {
    const bound = before === undefined ? Prisma.empty : Prisma.sql`AND (epoch, seq) < ${place(before)}`;
    const messages = await this.#messages(roomId, bound, Prisma.sql`epoch DESC, seq DESC`, limit, readerId);
    return messages.reverse();
  }

  /**
   * Returns the first messages after a position, at most `limit`, oldest first; from the first one on that is not too old.
   * @param readerId user whose role {@link readerRole} returns
   */
  async after(
    { id, expiredUpTo }: HistoryRoom,
    after: Position,
    limit: number,
    readerId?: number,
  ): Promise<ArchivedMessage[]> {
    const messages = await this.#after(id, after, limit, readerId);
    const [first] = messages;
    if (expiredUpTo === undefined || first === undefined || first.sentAt > expiredUpTo) return messages;
    return this.#after(id, await lastExpired(this.db, id, after, expiredUpTo), limit, readerId);
  }

  /** Returns the messages that changed after a position, in the order of their last changes, at most `limit`. */
  changedAfter(room: HistoryRoom, after: Position, limit: number): Promise<ArchivedMessage[]> {
    const bound = Prisma.sql`AND changed_epoch IS NOT NULL
      AND (changed_epoch, changed_seq) > ${place(after)} ${kept(room)}`;
    return this.#messages(room.id, bound, Prisma.sql`changed_epoch, changed_seq`, limit);
  }

  /** Returns those of the messages that are stored. */
  async at(roomId: number, positions: readonly Position[]): Promise<ArchivedMessage[]> {
    if (positions.length === 0) return [];
    const [epochs, seqs] = [positions.map(({ epoch }) => epoch), positions.map(({ seq }) => seq)];
    // With a LIMIT, PostgreSQL looks each of them up, whatever number of messages it expects in a room.
    const sql = Prisma.sql`
      SELECT ${COLUMNS} FROM unnest(${epochs}::bigint[], ${seqs}::bigint[]) AS wanted(epoch, seq) CROSS JOIN LATERAL (
        SELECT * FROM messages WHERE room_id = ${roomId}::bigint AND epoch = wanted.epoch AND seq = wanted.seq LIMIT 1
      ) m`;
    return this.db.prepared.rows(sql, archivedMessages(roomId));
  }

  #after(roomId: number, after: Position, limit: number, readerId?: number): Promise<ArchivedMessage[]> {
    const bound = Prisma.sql`AND (epoch, seq) > ${place(after)}`;
    return this.#messages(roomId, bound, Prisma.sql`epoch, seq`, limit, readerId);
  }

  /** One scan of an index. Its plan does not depend on the values: see `PreparedStatements`. */
  #messages(
    roomId: number,
    bound: Prisma.Sql,
    order: Prisma.Sql,
    limit: number,
    readerId?: number,
  ): Promise<ArchivedMessage[]> {
    const role = readerId === undefined ? Prisma.empty : Prisma.sql`, ${roleIn(roomId, readerId)}`;
    const sql = Prisma.sql`
      SELECT ${COLUMNS} ${role} FROM messages m WHERE room_id = (SELECT ${roomId}::bigint) ${bound}
      ORDER BY ${order} LIMIT (SELECT ${limit}::bigint)`;
    return this.db.prepared.rows(sql, archivedMessages(roomId));
  }
}
