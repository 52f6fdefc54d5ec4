import { currentMessageOf, type Database, MESSAGE_COLUMNS, type MessageRow, Prisma } from '@chorus/database';
import { type CurrentMessage, formatPosition, type Position, type Reaction } from '@chorus/protocol';
import type { HistoryRoom } from '../rooms/retention.js';

interface ReactionRow {
  epoch: bigint;
  seq: bigint;
  reaction: string;
  users: bigint[];
}

const COLUMNS = Prisma.raw(MESSAGE_COLUMNS);
const BY_POSITION = Prisma.sql`epoch, seq`;

/** Leaves out messages that are too old. */
const kept = ({ expiredUpTo }: HistoryRoom): Prisma.Sql =>
  expiredUpTo === undefined ? Prisma.empty : Prisma.sql`AND sent_at > ${new Date(expiredUpTo)}`;

/** The archived messages in PostgreSQL, as they are now: all but the newest, which archivers have not stored yet. */
export class MessageRepository {
  constructor(private readonly db: Database) {}

  /** Returns the last messages before a position, or of the room, at most `limit`, oldest first. */
  async before(roomId: number, before: Position | undefined, limit: number): Promise<CurrentMessage[]> {
    const bound =
      before === undefined
        ? Prisma.empty
        : Prisma.sql`AND (epoch, seq) < (${BigInt(before.epoch)}, ${BigInt(before.seq)})`;
    const messages = await this.#messages(roomId, bound, Prisma.sql`epoch DESC, seq DESC`, limit);
    return messages.reverse();
  }

  /** Returns the first messages after a position, at most `limit`, oldest first. */
  after(room: HistoryRoom, after: Position, limit: number): Promise<CurrentMessage[]> {
    const bound = Prisma.sql`AND (epoch, seq) > (${BigInt(after.epoch)}, ${BigInt(after.seq)}) ${kept(room)}`;
    return this.#messages(room.id, bound, BY_POSITION, limit);
  }

  /** Returns the messages that changed after a position, in the order of their last changes, at most `limit`. */
  changedAfter(room: HistoryRoom, after: Position, limit: number): Promise<CurrentMessage[]> {
    const bound = Prisma.sql`AND changed_epoch IS NOT NULL
      AND (changed_epoch, changed_seq) > (${BigInt(after.epoch)}, ${BigInt(after.seq)}) ${kept(room)}`;
    return this.#messages(room.id, bound, Prisma.sql`changed_epoch, changed_seq`, limit);
  }

  /** Returns those of the messages that are stored. */
  async at(roomId: number, positions: readonly Position[]): Promise<CurrentMessage[]> {
    if (positions.length === 0) return [];
    const places = positions.map(
      ({ epoch, seq }) => Prisma.sql`(${BigInt(epoch)}::bigint, ${BigInt(seq)}::bigint)`,
    );
    const bound = Prisma.sql`AND (epoch, seq) IN (${Prisma.join(places)})`;
    return this.#messages(roomId, bound, BY_POSITION, positions.length);
  }

  /** Returns the position up to which the room's entries are stored; 0-0 for none. */
  async head(roomId: number): Promise<Position> {
    const id = BigInt(roomId);
    // Rooms that were stored by archivers of older versions have no head yet, and no changes.
    const [row] = await this.db.$queryRaw<Array<{ epoch: bigint; seq: bigint }>>`
      SELECT epoch, seq FROM (
        (SELECT epoch, seq FROM room_heads WHERE room_id = ${id})
        UNION ALL (SELECT epoch, seq FROM messages WHERE room_id = ${id} ORDER BY epoch DESC, seq DESC LIMIT 1)
      ) known ORDER BY epoch DESC, seq DESC LIMIT 1`;
    return { epoch: Number(row?.epoch ?? 0n), seq: Number(row?.seq ?? 0n) };
  }

  /** One scan of an index: with Prisma's own conditions PostgreSQL would sort. */
  async #messages(
    roomId: number,
    bound: Prisma.Sql,
    order: Prisma.Sql,
    limit: number,
  ): Promise<CurrentMessage[]> {
    const rows = await this.db.$queryRaw<MessageRow[]>`
      SELECT ${COLUMNS} FROM messages m WHERE room_id = ${BigInt(roomId)} ${bound} ORDER BY ${order} LIMIT ${limit}`;
    const reactions = await this.#reactions(
      roomId,
      rows.filter(({ changedEpoch }) => changedEpoch !== null),
    );
    return rows.map((row) => currentMessageOf(roomId, row, reactions.get(placeOf(row)) ?? []));
  }

  /** Only messages that changed can have reactions. */
  async #reactions(roomId: number, of: readonly MessageRow[]): Promise<Map<string, Reaction[]>> {
    const found = new Map<string, Reaction[]>();
    if (of.length === 0) return found;
    const places = of.map(({ epoch, seq }) => Prisma.sql`(${epoch}::bigint, ${seq}::bigint)`);
    const rows = await this.db.$queryRaw<ReactionRow[]>`
      SELECT epoch, seq, reaction, array_agg(user_id ORDER BY user_id) AS users FROM reactions
      WHERE room_id = ${BigInt(roomId)} AND (epoch, seq) IN (${Prisma.join(places)}) GROUP BY epoch, seq, reaction`;
    for (const row of rows) {
      const reaction = { reaction: row.reaction, users: row.users.map(Number) };
      const others = found.get(placeOf(row));
      if (others === undefined) found.set(placeOf(row), [reaction]);
      else others.push(reaction);
    }
    for (const each of found.values()) each.sort((a, b) => (a.reaction < b.reaction ? -1 : 1));
    return found;
  }
}

function placeOf({ epoch, seq }: { epoch: bigint; seq: bigint }): string {
  return formatPosition({ epoch: Number(epoch), seq: Number(seq) });
}
