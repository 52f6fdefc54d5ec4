import {
  changedMessage,
  type Entry,
  fold,
  formatPosition,
  isAfter,
  type Mention,
  newMessage,
  type Position,
} from '@chorus/protocol';
import { FoldedMessage, type HistoryMessage } from '../messages/history/message.js';
import { type BacklogEntry, entriesAfter } from './backlog.js';
import type { StoredCounts } from './inbox-repository.js';

/** What a user has to read in a room. */
export interface RoomCounts {
  /** Position of the newest entry; 0-0 for none. */
  readonly position: Position;
  /** Ordinal of the newest message. */
  readonly n: number;
  readonly unread: number;
  /** Unread messages of other users that mention the user or all members. */
  readonly mentions: number;
  readonly read: Position;
  readonly readN: number;
  readonly lastMessage: HistoryMessage | undefined;
}

/** What counts of a message. */
interface Counted extends Position {
  readonly userId: number;
  readonly deleted: boolean;
  /** Whether it mentions the user or all members. */
  readonly mentions: boolean;
}

const NO_CHANGES = { deleted: 0, mentions: 0 };

/**
 * Adds the entries that are not stored yet to what is stored: those after `stored.head`. Entries up to there are in the counts
 * already.
 *
 * @param expiredUpTo messages sent up to this time count as read, in milliseconds since 1970; undefined for none
 */
export function withBacklog(
  userId: number,
  counted: StoredCounts,
  backlog: readonly BacklogEntry[],
  expiredUpTo?: number,
): RoomCounts {
  const fresh = entriesAfter(backlog, counted.head);
  const stored = withoutExpired(counted, fresh, expiredUpTo);
  const { read, seen } = stored;
  const newest = fresh.at(-1) ?? { ...stored.head, n: stored.headN };
  const readN = isAfter(seen, stored.head)
    ? (fresh.findLast((entry) => !isAfter(entry, seen))?.n ?? stored.headN)
    : stored.readN;
  const changes = fresh.length === 0 ? NO_CHANGES : countChanges(userId, stored, fresh);
  return {
    position: { epoch: newest.epoch, seq: newest.seq },
    n: newest.n,
    unread: Math.max(0, newest.n - readN - stored.deleted - changes.deleted),
    mentions: Math.max(0, stored.mentions + changes.mentions),
    ...{ read, readN, lastMessage: lastOf(stored.lastMessage, fresh) },
  };
}

/** All that is stored is older than what is not. So if any of the latter is too old, nothing that is stored counts. */
function withoutExpired(
  stored: StoredCounts,
  fresh: readonly BacklogEntry[],
  expiredUpTo: number | undefined,
): StoredCounts {
  if (expiredUpTo === undefined) return stored;
  const last = fresh.findLast(({ entry }) => entry?.type === 'message' && entry.sentAt <= expiredUpTo);
  if (last === undefined || !isAfter(last, stored.seen)) return stored;
  return { ...stored, seen: { epoch: last.epoch, seq: last.seq }, deleted: 0, mentions: 0 };
}

/** How the entries change the counts of messages after the position from which on they count. */
function countChanges(
  userId: number,
  { seen, touched }: StoredCounts,
  fresh: readonly BacklogEntry[],
): { deleted: number; mentions: number } {
  const before = new Map<string, Counted>();
  const isMine = (mention: Mention): boolean => mention === userId || mention === 'room' || mention === 0;
  for (const { mentions, ...message } of touched) {
    before.set(formatPosition(message), { ...message, mentions: mentions.some(isMine) });
  }
  const now = new Map(before);
  for (const { entry } of fresh) if (entry !== undefined) apply(now, entry, isMine);
  const changed = { deleted: 0, mentions: 0 };
  for (const [place, message] of now) {
    if (!isAfter(message, seen)) continue;
    const old = before.get(place);
    changed.deleted += Number(message.deleted) - Number(old?.deleted ?? false);
    changed.mentions += Number(isMention(message, userId)) - Number(isMention(old, userId));
  }
  return changed;
}

function apply(messages: Map<string, Counted>, entry: Entry, isMine: (mention: Mention) => boolean): void {
  if (entry.type === 'message') {
    const { epoch, seq, userId, mentions = [] } = entry;
    messages.set(formatPosition(entry), {
      epoch,
      seq,
      userId,
      deleted: false,
      mentions: mentions.some(isMine),
    });
    return;
  }
  const target = changedMessage(entry);
  const place = target && formatPosition(target);
  const message = place && messages.get(place);
  // What follows a deletion has no effect.
  if (!place || !message || message.deleted) return;
  if (entry.change === 'deleted') messages.set(place, { ...message, deleted: true, mentions: false });
  else if (entry.change === 'edited' && entry.mentions !== undefined) {
    messages.set(place, { ...message, mentions: entry.mentions.some(isMine) });
  }
}

function isMention(message: Counted | undefined, userId: number): boolean {
  if (message === undefined || message.userId === userId) return false;
  return message.mentions && !message.deleted;
}

function lastOf(
  stored: HistoryMessage | undefined,
  fresh: readonly BacklogEntry[],
): HistoryMessage | undefined {
  if (fresh.length === 0) return stored;
  const entries = fresh.flatMap(({ entry }) => entry ?? []);
  const sent = entries.findLast((entry) => entry.type === 'message');
  const last = sent === undefined ? stored?.current() : newMessage(sent);
  return last && new FoldedMessage(entries.reduce(fold, last));
}
