import type { Database } from '@chorus/database';

/** Size of the data. */
export interface Size {
  readonly messages: number;
  readonly rooms: number;
}

/** Epoch of all messages. */
export const EPOCH = 1_700_000_000_000;
/** The room with a tenth of all messages. */
export const LARGE_ROOM = 1;
/** A user who is a member of the large room and 499 others. */
export const USER = { id: 1, username: 'ann' };
const ROOMS_OF_USER = 500;
const MEMBERS = 10;
const DAYS = 365;
/** Rows of one statement. */
const AT_ONCE = 500_000;

/** Indexes of `messages` that are built when the rows are there. */
const INDEXES = [
  'ALTER TABLE messages ADD CONSTRAINT messages_pkey PRIMARY KEY (room_id, epoch, seq)',
  'CREATE INDEX messages_changed_idx ON messages (room_id, changed_epoch, changed_seq) WHERE changed_epoch IS NOT NULL',
];

/**
 * Fills an empty database: every tenth message is in the large room, the others take turns, and all are spread over a year. One in fifty
 * was edited, one in a hundred has reactions.
 */
export async function fill(db: Database, { messages, rooms }: Size): Promise<void> {
  await db.$executeRaw`INSERT INTO users (id, username, email, email_key, password_hash)
    SELECT id, 'user' || id, id || '@example.com', id || '@example.com', '' FROM generate_series(1, 1000) id`;
  for (let from = 1; from <= rooms; from += AT_ONCE) {
    const to = Math.min(rooms, from + AT_ONCE - 1);
    await db.$executeRaw`INSERT INTO rooms (id, name, kind)
      SELECT id, 'room ' || id, CASE WHEN id % 3 = 0 THEN 'private' ELSE 'public' END
      FROM generate_series(${from}::int, ${to}::int) id`;
  }
  await db.$executeRaw`SELECT setval(pg_get_serial_sequence('rooms', 'id'), ${rooms}::int)`;
  await db.$executeRawUnsafe('ALTER TABLE messages DROP CONSTRAINT messages_pkey');
  await db.$executeRawUnsafe('DROP INDEX messages_changed_idx');
  for (let from = 1; from <= messages; from += AT_ONCE) {
    await fillMessages(db, from, Math.min(messages, from + AT_ONCE - 1), { messages, rooms });
  }
  for (const statement of INDEXES) await db.$executeRawUnsafe(statement);
  await db.$executeRaw`INSERT INTO reactions (room_id, epoch, seq, reaction, user_id)
    SELECT room_id, epoch, seq, r.reaction, r.user_id FROM messages
    CROSS JOIN LATERAL (VALUES ('👍', 1), ('👍', 2), ('❤️', 3)) r(reaction, user_id)
    WHERE changed_epoch IS NOT NULL AND seq % 100 = 0`;
  await db.$executeRaw`INSERT INTO room_heads (room_id, epoch, seq, n, sent_at, oldest_at)
    SELECT room_id, ${EPOCH}::bigint, max(seq), max(seq), max(sent_at), min(sent_at) FROM messages GROUP BY room_id`;
  await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role, read_epoch, read_seq, read_n)
    SELECT room_id, CASE WHEN member = 0 THEN ${USER.id}::int ELSE 2 + (room_id + member * 97) % 998 END, 'member', epoch,
      greatest(seq - 10 - member, 0), greatest(n - 10 - member, 0)
    FROM room_heads CROSS JOIN generate_series(0, ${MEMBERS - 1}::int) member
    WHERE member > 0 OR room_id <= ${ROOMS_OF_USER} ON CONFLICT DO NOTHING`;
  await db.$executeRaw`INSERT INTO mentions (room_id, user_id, epoch, seq, n)
    SELECT room_id, ${USER.id}::int, epoch, seq - 3, seq - 3 FROM room_heads WHERE room_id <= ${ROOMS_OF_USER} AND seq > 3`;
  await db.$executeRawUnsafe('VACUUM ANALYZE');
}

function fillMessages(db: Database, from: number, to: number, { messages, rooms }: Size): Promise<number> {
  return db.$executeRaw`
    INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at, client_msg_id, edited_at,
      changed_epoch, changed_seq)
    SELECT room_id, ${EPOCH}::bigint, seq, 'gateway-1-mws3pfhy-' || i, 1 + i % 1000, 'user' || (1 + i % 1000),
      'Message ' || i || ' of the benchmark, as long as people usually write.', sent_at, 'c' || i,
      CASE WHEN seq % 50 = 0 THEN sent_at END, CASE WHEN seq % 50 = 0 THEN ${EPOCH}::bigint END,
      CASE WHEN seq % 50 = 0 THEN seq + 1 END
    FROM (
      SELECT i, CASE WHEN i % 10 = 0 THEN ${LARGE_ROOM}::int ELSE 2 + (i - i / 10) % (${rooms}::int - 1) END AS room_id,
        CASE WHEN i % 10 = 0 THEN i / 10 ELSE 1 + (i - i / 10) / (${rooms}::int - 1) END AS seq,
        now() - (${messages}::int - i) * (${DAYS}::int * interval '1 day' / ${messages}::int) AS sent_at
      FROM generate_series(${from}::int, ${to}::int) i
    ) numbered`;
}
