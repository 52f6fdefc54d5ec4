import type { RoomHistory } from '@chorus/broker';
import { type Database, Prisma } from '@chorus/database';
import {
  formatPosition,
  isAfter,
  isChangeFrame,
  type Position,
  ROOM_CHANGES,
  type RoomChange,
  type RoomKind,
  readChange,
} from '@chorus/protocol';
import type { HistoryRoom } from '../../rooms/retention.js';
import { entryOf } from './recent-entries.js';

const ALL = Prisma.sql`kind = ANY(${[...ROOM_CHANGES]})`;
/**
 * Without users who joined or left by themselves. The condition is that of the index `room_changes_shown_idx`. No text of a user can
 * contain what it looks for: its quotes would be escaped.
 */
const SHOWN_IN_PUBLIC = Prisma.sql`(kind IN ('member-changed', 'room-changed')
  OR (kind IN ('member-added', 'member-removed') AND body NOT LIKE '%"member":{"id":' || user_id || ',%'))`;

/** Entries that are read from Redis at once. */
const PAGE = 500;

export interface LoggedRoom extends HistoryRoom {
  readonly kind: RoomKind;
}

/** A part of the history of a room: the entries between two positions, both excluded. */
export interface Span {
  readonly after: Position;
  readonly before: Position;
}

/** Which changes of a span are returned if there are more than the limit. */
export type SpanEnd = 'first' | 'last';

interface ChangeRow {
  readonly epoch: bigint;
  readonly seq: bigint;
  readonly body: string;
}

/**
 * The changes of the members and of a room, from Redis and PostgreSQL. In public rooms users come and go as they like: there, members who
 * joined or left by themselves are left out.
 *
 * Every method rejects when either store cannot be reached.
 */
export class RoomLog {
  constructor(
    private readonly recent: RoomHistory,
    private readonly db: Database,
  ) {}

  /** Returns the position of the newest entry of a room; 0-0 if there is none. */
  async newest({ id, storedUpTo }: HistoryRoom): Promise<Position> {
    const [last] = await this.recent.before(id, undefined, 1);
    return last !== undefined && isAfter(last, storedUpTo) ? last : storedUpTo;
  }

  /** Returns changes, oldest first, at most `limit`. */
  async changes(room: LoggedRoom, span: Span, limit: number, end: SpanEnd): Promise<RoomChange[]> {
    // Redis first: what is stored and trimmed meanwhile is in PostgreSQL then.
    const unstored = await this.#unstored(room, span);
    const stored = await this.#stored(room, span, limit, end);
    const byPlace = new Map([...unstored, ...stored].map((change) => [formatPosition(change), change]));
    const all = [...byPlace.values()].sort((a, b) => (isAfter(a, b) ? 1 : -1));
    return end === 'first' ? all.slice(0, limit) : all.slice(-limit);
  }

  async #unstored({ id, kind, storedUpTo, expiredUpTo = 0 }: LoggedRoom, span: Span): Promise<RoomChange[]> {
    const changes: RoomChange[] = [];
    let after = isAfter(span.after, storedUpTo) ? span.after : storedUpTo;
    while (isAfter(span.before, after)) {
      const page = await this.recent.from(id, { epoch: after.epoch, seq: after.seq + 1 }, PAGE);
      for (const stored of page) {
        if (!isAfter(span.before, stored)) return changes;
        const entry = isChangeFrame(stored.frame) ? entryOf(id, stored) : undefined;
        if (entry === undefined || !isRoomChange(entry) || entry.sentAt <= expiredUpTo) continue;
        if (kind !== 'public' || !isOwnMove(entry)) changes.push(entry);
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return changes;
      after = last;
    }
    return changes;
  }

  async #stored(
    { id, kind, expiredUpTo = 0 }: LoggedRoom,
    { after, before }: Span,
    limit: number,
    end: SpanEnd,
  ): Promise<RoomChange[]> {
    const order = end === 'first' ? Prisma.sql`epoch, seq` : Prisma.sql`epoch DESC, seq DESC`;
    const rows = await this.db.$queryRaw<ChangeRow[]>`
      SELECT epoch, seq, body FROM room_changes
      WHERE room_id = ${BigInt(id)} AND (epoch, seq) > (${BigInt(after.epoch)}, ${BigInt(after.seq)})
        AND (epoch, seq) < (${BigInt(before.epoch)}, ${BigInt(before.seq)})
        AND ${kind === 'public' ? SHOWN_IN_PUBLIC : ALL} AND body IS NOT NULL AND sent_at > ${new Date(expiredUpTo)}
      ORDER BY ${order} LIMIT ${limit}`;
    return rows.flatMap(({ epoch, seq, body }) => {
      const { frame } = readChange(id, { epoch: Number(epoch), seq: Number(seq) }, body);
      return frame !== undefined && isRoomChange(frame) ? [frame] : [];
    });
  }
}

function isRoomChange(entry: { readonly type: string; readonly change?: string }): entry is RoomChange {
  return entry.type === 'change' && ROOM_CHANGES.some((kind) => kind === entry.change);
}

/** Whether a user became a member, or ended the membership, without another user. */
function isOwnMove(change: RoomChange): boolean {
  return 'member' in change && change.change !== 'member-changed' && change.member.id === change.userId;
}
