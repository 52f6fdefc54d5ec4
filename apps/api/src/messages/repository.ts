import { type Database, Prisma } from '@chorus/database';
import type { MessageFrame, Position } from '@chorus/protocol';

interface Row {
  epoch: bigint;
  seq: bigint;
  id: string;
  userId: bigint;
  username: string;
  content: string;
  sentAt: Date;
  clientMsgId: string | null;
}

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

  /** Returns the first messages of several rooms, each after its own position. Rooms without any are left out. */
  async afterEach(
    rooms: ReadonlyArray<{ id: number; after: Position }>,
    limit: number,
  ): Promise<Map<number, MessageFrame[]>> {
    const json = JSON.stringify(rooms.map(({ id, after: { epoch, seq } }) => ({ id, epoch, seq })));
    const rows = await this.db.$queryRaw<Array<Row & { roomId: bigint }>>`
      SELECT found.* FROM json_to_recordset(${json}::json) AS wanted(id bigint, epoch bigint, seq bigint)
      CROSS JOIN LATERAL (
        SELECT room_id AS "roomId", epoch, seq, message_id AS id, user_id AS "userId", username, content,
          sent_at AS "sentAt", client_msg_id AS "clientMsgId"
        FROM messages WHERE room_id = wanted.id AND (epoch, seq) > (wanted.epoch, wanted.seq)
        ORDER BY epoch, seq LIMIT ${limit}
      ) found ORDER BY "roomId", epoch, seq`;
    const found = new Map<number, MessageFrame[]>();
    for (const row of rows) {
      const roomId = Number(row.roomId);
      const frames = found.get(roomId);
      if (frames === undefined) found.set(roomId, [frame(roomId, row)]);
      else frames.push(frame(roomId, row));
    }
    return found;
  }

  /** One scan of the primary key: with Prisma's own conditions PostgreSQL would sort. */
  async #rows(roomId: number, bound: Prisma.Sql, order: Prisma.Sql, limit: number): Promise<MessageFrame[]> {
    const rows = await this.db.$queryRaw<Row[]>`
      SELECT epoch, seq, message_id AS id, user_id AS "userId", username, content, sent_at AS "sentAt",
        client_msg_id AS "clientMsgId"
      FROM messages WHERE room_id = ${BigInt(roomId)} ${bound} ORDER BY ${order} LIMIT ${limit}`;
    return rows.map((row) => frame(roomId, row));
  }
}

/** Returns the frame that sockets received. */
function frame(roomId: number, row: Row): MessageFrame {
  return {
    seq: Number(row.seq),
    epoch: Number(row.epoch),
    type: 'message',
    content: row.content,
    roomId,
    username: row.username,
    userId: Number(row.userId),
    id: row.id,
    sentAt: row.sentAt.getTime(),
    ...(row.clientMsgId === null ? {} : { clientMsgId: row.clientMsgId }),
  };
}
