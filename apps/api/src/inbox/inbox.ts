import type { ReadPositions, RoomHistory } from '@chorus/broker';
import { changedMessages, ownEntry, readBacklogs } from './backlog.js';
import { type RoomCounts, withBacklog } from './count-backlog.js';
import type { InboxFilter, InboxPlace, InboxRepository, InboxRoom } from './inbox-repository.js';

/** A room in the inbox of a user. */
export interface InboxEntry extends InboxRoom {
  readonly counts: RoomCounts;
}

export interface InboxPage {
  /** By latest activity. */
  readonly entries: readonly InboxEntry[];
  /** Where the next page continues; undefined for the last page. */
  readonly next: InboxPlace | undefined;
}

/**
 * The rooms of users with what is unread in them. What archivers have not stored yet is part of every count.
 *
 * PostgreSQL tells from where on entries are missing, then these and the read positions are read from Redis, and then what is stored is
 * counted, in one statement. So an entry, or a read position, that is stored meanwhile is in one of the two, and one that is in
 * both counts once.
 *
 * Every method rejects when PostgreSQL or Redis cannot be reached.
 */
export class Inbox {
  constructor(
    private readonly repository: InboxRepository,
    private readonly history: RoomHistory,
    private readonly reads: Pick<ReadPositions, 'ofUser'>,
  ) {}

  async page(userId: number, filter: InboxFilter): Promise<InboxPage> {
    // One more than requested shows whether there are more.
    const found = await this.repository.page(userId, { ...filter, limit: filter.limit + 1 });
    const rooms = found.slice(0, filter.limit);
    const last = rooms.at(-1);
    const next =
      found.length > filter.limit && last !== undefined
        ? { activityAt: last.activityAt, roomId: last.room.id }
        : undefined;
    return { entries: await this.#entries(userId, rooms), next };
  }

  /** Returns one room; undefined if the user is not a member of it. */
  async room(userId: number, roomId: number): Promise<InboxEntry | undefined> {
    return (await this.page(userId, { roomId, limit: 1 })).entries[0];
  }

  async #entries(userId: number, rooms: readonly InboxRoom[]): Promise<InboxEntry[]> {
    if (rooms.length === 0) return [];
    const ids = rooms.map(({ room }) => room.id);
    const [marks, backlogs] = await Promise.all([
      this.reads.ofUser(userId, ids),
      readBacklogs(
        this.history,
        rooms.map(({ room, stored }) => ({ roomId: room.id, after: stored })),
      ),
    ]);
    const unstored = rooms.map(({ room: { id: roomId }, expiredUpTo }, at) => {
      const backlog = backlogs[at] ?? [];
      const own = ownEntry(backlog, userId);
      return { roomId, mark: marks.get(roomId), own, targets: changedMessages(backlog), expiredUpTo };
    });
    const counts = await this.repository.counts(userId, unstored);
    const entries = rooms.flatMap((found, at): InboxEntry[] => {
      // The user may have left the room meanwhile.
      const stored = counts.get(found.room.id);
      if (stored === undefined) return [];
      const counted = withBacklog(userId, stored, backlogs[at] ?? [], found.expiredUpTo);
      const activityAt = Math.max(counted.lastMessage?.sentAt ?? 0, found.activityAt);
      return [
        { ...found, activityAt, counts: isExpired(found, counted) ? withoutMessages(counted) : counted },
      ];
    });
    return entries.sort((a, b) => b.activityAt - a.activityAt || b.room.id - a.room.id);
  }
}

/** Whether the newest message, and so every message, is older than the retention. */
function isExpired({ expiredUpTo }: InboxRoom, { lastMessage }: RoomCounts): boolean {
  return expiredUpTo !== undefined && lastMessage !== undefined && lastMessage.sentAt <= expiredUpTo;
}

function withoutMessages(counts: RoomCounts): RoomCounts {
  return { ...counts, unread: 0, mentions: 0, lastMessage: undefined };
}
