import { idempotencyKey, type StoredKey } from '@chorus/broker';
import type { Database } from '@chorus/database';

/** What a broker in memory needs to know of the messages stored before its start. */
export interface StoredTail {
  /** Newest epoch of all messages; 0 without messages. */
  readonly newestEpoch: number;
  /** By room: the keys of its newest messages. */
  readonly keys: Map<number, StoredKey[]>;
}

interface NewestRow {
  roomId: bigint;
  epoch: bigint;
  sentAt: Date;
}

interface KeyRow {
  epoch: bigint;
  seq: bigint;
  userId: bigint;
  clientMsgId: string | null;
  sentAt: Date;
}

/** Number of rooms or messages read at a time. */
const PAGE = 5_000;

/**
 * Reads the keys of the messages of the last `keysMs` milliseconds before the newest message of all rooms; time since
 * then does not count, because no process was running. Costs one look-up in the primary key per room, plus the
 * messages of that time.
 */
export async function readStoredTail(db: Database, keysMs: number): Promise<StoredTail> {
  let [newestEpoch, newestAt] = [0, 0];
  /** When the newest message was sent, for each room that may have messages of that time. */
  const active = new Map<bigint, number>();
  for await (const { roomId, epoch, sentAt } of newestOfRooms(db)) {
    newestEpoch = Math.max(newestEpoch, Number(epoch));
    newestAt = Math.max(newestAt, sentAt.getTime());
    if (sentAt.getTime() >= newestAt - keysMs) active.set(roomId, sentAt.getTime());
  }
  const since = newestAt - keysMs;
  const keys = new Map<number, StoredKey[]>();
  for (const [roomId, at] of active) {
    if (at >= since) keys.set(Number(roomId), await keysOf(db, roomId, new Date(since)));
  }
  return { newestEpoch, keys };
}

/** Returns the newest message of each room that has any. */
async function* newestOfRooms(db: Database): AsyncGenerator<NewestRow> {
  for (let after = 0n; ; ) {
    const rows = await db.$queryRaw<Array<{ roomId: bigint } & (NewestRow | { epoch: null })>>`
      SELECT rooms.id AS "roomId", m.epoch, m.sent_at AS "sentAt"
      FROM (SELECT id FROM rooms WHERE id > ${after} ORDER BY id LIMIT ${PAGE}) AS rooms LEFT JOIN LATERAL (
        (SELECT epoch, seq, sent_at FROM messages WHERE room_id = rooms.id ORDER BY epoch DESC, seq DESC LIMIT 1)
        UNION ALL
        (SELECT epoch, seq, sent_at FROM room_changes WHERE room_id = rooms.id ORDER BY epoch DESC, seq DESC LIMIT 1)
        UNION ALL
        -- The retention may have removed all entries.
        (SELECT epoch, seq, sent_at FROM room_heads WHERE room_id = rooms.id)
        ORDER BY epoch DESC, seq DESC LIMIT 1
      ) AS m ON true ORDER BY rooms.id`;
    for (const row of rows) if (row.epoch !== null) yield row;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.roomId;
  }
}

/** Oldest first. */
async function keysOf(db: Database, roomId: bigint, since: Date): Promise<StoredKey[]> {
  const keys: StoredKey[] = [];
  let [epoch, seq] = [BigInt(Number.MAX_SAFE_INTEGER), 0n];
  for (;;) {
    const rows = await db.$queryRaw<KeyRow[]>`
      SELECT epoch, seq, user_id AS "userId", client_msg_id AS "clientMsgId", sent_at AS "sentAt" FROM (
        (SELECT epoch, seq, user_id, client_msg_id, sent_at FROM messages
        WHERE room_id = ${roomId} AND (epoch, seq) < (${epoch}, ${seq}) ORDER BY epoch DESC, seq DESC LIMIT ${PAGE})
        UNION ALL
        (SELECT epoch, seq, user_id, client_msg_id, sent_at FROM room_changes
        WHERE room_id = ${roomId} AND (epoch, seq) < (${epoch}, ${seq}) ORDER BY epoch DESC, seq DESC LIMIT ${PAGE})
      ) entries ORDER BY epoch DESC, seq DESC LIMIT ${PAGE}`;
    for (const { userId, clientMsgId, sentAt, ...at } of rows) {
      if (clientMsgId === null || sentAt < since) continue;
      const position = { epoch: Number(at.epoch), seq: Number(at.seq) };
      keys.push({ key: idempotencyKey(Number(userId), clientMsgId), position });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE || last.sentAt < since) return keys.reverse();
    ({ epoch, seq } = last);
  }
}
