import type { ReadMark } from '@chorus/broker';
import {
  type ArchivedMessage,
  type Database,
  messageMaker,
  Prisma,
  type RowReader,
  rowReader,
} from '@chorus/database';
import { isAfter, type Position } from '@chorus/protocol';
import { lastExpired } from '../messages/history/last-expired.js';
import type { HistoryMessage } from '../messages/history/message.js';
import { ROOM_COLUMNS, type RoomOfUser, type RoomRow, roomOf } from '../rooms/repository.js';
import { expiredUpTo } from '../rooms/retention.js';
import { COUNTS, PAGE } from './statements.js';

/** Place in the list of a user's rooms, which is ordered by latest activity, and by id among equal times. */
export interface InboxPlace {
  /** Milliseconds since 1970. */
  readonly activityAt: number;
  readonly roomId: number;
}

/** Which rooms of a user: those after a place in the list, or one. */
export interface InboxFilter {
  readonly after?: InboxPlace | undefined;
  readonly roomId?: number | undefined;
  readonly limit: number;
}

/** A room of a user, as far as it is stored. */
export interface InboxRoom {
  readonly room: RoomOfUser;
  /** When the latest message was sent, or the user became a member of a room without messages; in milliseconds since 1970. */
  readonly activityAt: number;
  readonly mutedUntil: Date | undefined;
  /** Position of the last stored entry; 0-0 for none. */
  readonly stored: Position;
  /** Messages sent up to this time are not served any more, in milliseconds since 1970; undefined without a retention. */
  readonly expiredUpTo: number | undefined;
}

/** An own message, or the entry that made the user a member. */
export interface OwnEntry extends Position {
  /** Ordinal of the last message up to it. */
  readonly n: number;
}

/** What is not stored yet of a room and must be known to count what is stored. */
export interface Unstored {
  readonly roomId: number;
  readonly mark: ReadMark | undefined;
  /** The last of these entries in the backlog. */
  readonly own: OwnEntry | undefined;
  /** Messages that entries in the backlog change. */
  readonly targets: readonly Position[];
  readonly expiredUpTo: number | undefined;
}

/** A stored message that entries in the backlog change. */
export interface TouchedMessage extends Position {
  readonly userId: number;
  readonly deleted: boolean;
  /** Ids of the mentioned users; 0 for all members. */
  readonly mentions: readonly number[];
}

/** What is stored of a room, as it counts for the user. All of it is of one moment. */
export interface StoredCounts {
  readonly read: Position;
  /** Position from which on messages count: {@link read}, or the last message that is too old. */
  readonly seen: Position;
  /** Ordinal of the last stored message up to {@link seen}. */
  readonly readN: number;
  readonly head: Position;
  /** Ordinal of the last stored message. */
  readonly headN: number;
  /** Deleted messages after {@link seen}. */
  readonly deleted: number;
  /** Messages of other users after {@link seen} that mention the user or all members. */
  readonly mentions: number;
  readonly lastMessage: HistoryMessage | undefined;
  readonly touched: readonly TouchedMessage[];
}

type PageRow = RoomRow & {
  role: RoomOfUser['role'];
  activityAt: Date;
  mutedUntil: Date | null;
  headEpoch: number;
  headSeq: number;
  expiredUpTo: Date | null;
};

interface CountsRow {
  last: ArchivedMessage | undefined;
  roomId: number;
  readEpoch: number;
  readSeq: number;
  readN: number | null;
  seenEpoch: number;
  seenSeq: number;
  expired: boolean | null;
  headEpoch: number | null;
  headSeq: number | null;
  headN: number | null;
  deleted: number;
  mentioned: number;
  touched: TouchedMessage[] | null;
}

/** Reads the newest message of a room in the columns before `roomId`, and the counts in the others. */
const readCounts: RowReader<CountsRow> = (columns) => {
  const placeOf = (column: string): number => columns.findIndex(({ name }) => name === column);
  const [epoch, first] = [placeOf('epoch'), placeOf('roomId')];
  const makeMessage = messageMaker(columns);
  const counts = rowReader<CountsRow>(columns.slice(first));
  return (row) => {
    const read = counts(row.slice(first));
    read.last = row[epoch] === null ? undefined : makeMessage(read.roomId, row);
    return read;
  };
};

/** The rooms of users and what they have read of them, in PostgreSQL. */
export class InboxRepository {
  /** @param retentionDays retention of all rooms; undefined for none */
  constructor(
    private readonly db: Database,
    private readonly retentionDays: number | undefined,
  ) {}

  /** Returns rooms of a user, without those from which the user is banned, by latest activity. */
  async page(userId: number, { after, roomId, limit }: InboxFilter): Promise<InboxRoom[]> {
    const one = roomId === undefined ? Prisma.empty : Prisma.sql`AND member.room_id = ${roomId}::bigint`;
    const bound =
      after === undefined
        ? Prisma.empty
        : Prisma.sql`WHERE (activity_at, room_id) < (${new Date(after.activityAt)}::timestamptz, ${after.roomId}::bigint)`;
    const rows = await this.db.prepared.rows<PageRow>(Prisma.sql`
      SELECT ${ROOM_COLUMNS}, found.role, found.activity_at AS "activityAt", found.head_epoch AS "headEpoch",
        found.head_seq AS "headSeq", mute.until AS "mutedUntil", ${expiredUpTo(this.retentionDays)} AS "expiredUpTo"
      FROM (SELECT * FROM (${PAGE(userId, one)}) listed ${bound} ORDER BY activity_at DESC, room_id DESC
        LIMIT (SELECT ${limit}::bigint)) found
      JOIN rooms ON rooms.id = found.room_id
      LEFT JOIN mutes mute ON mute.room_id = found.room_id AND mute.user_id = (SELECT ${userId}::bigint) AND mute.until > now()
      ORDER BY found.activity_at DESC, found.room_id DESC`);
    return rows.map((row) => ({
      room: { ...roomOf(row), role: row.role },
      activityAt: row.activityAt.getTime(),
      mutedUntil: row.mutedUntil ?? undefined,
      stored: { epoch: row.headEpoch, seq: row.headSeq },
      expiredUpTo: row.expiredUpTo?.getTime(),
    }));
  }

  /**
   * Counts what is stored of rooms, in one statement; in another one for rooms in which archivers have not removed yet what is too old.
   * Rooms of which the user is not a member are left out.
   */
  async counts(userId: number, rooms: readonly Unstored[]): Promise<Map<number, StoredCounts>> {
    const rows = await this.#rows(userId, rooms, new Map());
    const counts = new Map(rows.map((row) => [row.roomId, countsOf(row)]));
    const expired = new Set(rows.flatMap((row) => (row.expired ? row.roomId : [])));
    if (expired.size === 0) return counts;
    const some = rooms.filter(({ roomId }) => expired.has(roomId));
    const tooOld = new Map<number, Position>();
    for (const { roomId, expiredUpTo } of some) {
      const seen = counts.get(roomId)?.seen;
      if (seen !== undefined && expiredUpTo !== undefined) {
        tooOld.set(roomId, await lastExpired(this.db, roomId, seen, expiredUpTo));
      }
    }
    for (const row of await this.#rows(userId, some, tooOld)) counts.set(row.roomId, countsOf(row));
    return counts;
  }

  #rows(
    userId: number,
    rooms: readonly Unstored[],
    tooOld: ReadonlyMap<number, Position>,
  ): Promise<CountsRow[]> {
    const marks = rooms.map((room) => markOf(room, tooOld.get(room.roomId)));
    const targets = rooms.flatMap(({ roomId: id, targets: each }) =>
      each.map(({ epoch, seq }) => ({ id, epoch, seq })),
    );
    const values = [JSON.stringify(marks), userId, JSON.stringify(targets)];
    return this.db.prepared.rows({ text: COUNTS, values }, readCounts);
  }
}

/** What the statement must know of a room, as its JSON. Most rooms have nothing but their id. */
function markOf({ roomId: id, mark, own, expiredUpTo }: Unstored, tooOld: Position | undefined): object {
  if (mark === undefined && own === undefined && expiredUpTo === undefined) return { id };
  return {
    ...{ id, expiredUpTo, tooOldEpoch: tooOld?.epoch, tooOldSeq: tooOld?.seq },
    ...{ epoch: mark?.epoch, seq: mark?.seq, n: mark?.n },
    ...{ unreadEpoch: mark?.unreadAt?.epoch, unreadSeq: mark?.unreadAt?.seq },
    ...{ ownEpoch: own?.epoch, ownSeq: own?.seq, ownN: own?.n },
  };
}

function countsOf(row: CountsRow): StoredCounts {
  const { last } = row;
  const stored = { epoch: row.headEpoch ?? 0, seq: row.headSeq ?? 0 };
  // Archivers of the version before store messages without a head.
  const isBehind = last !== undefined && isAfter(last, stored);
  return {
    read: { epoch: row.readEpoch, seq: row.readSeq },
    seen: { epoch: row.seenEpoch, seq: row.seenSeq },
    readN: row.readN ?? 0,
    head: isBehind ? { epoch: last.epoch, seq: last.seq } : stored,
    headN: isBehind ? (last.current().n ?? last.seq) : (row.headN ?? 0),
    deleted: row.deleted,
    mentions: row.mentioned,
    lastMessage: last,
    touched: row.touched ?? [],
  };
}
