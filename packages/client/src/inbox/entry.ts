import { isAfter, type Position, parsePosition } from '@chorus/protocol/constants';
import type { Change, CurrentMessage, Message, RoomRole } from '../entries.js';
import type { InboxRoom, RoomInfo } from '../http/api-types.js';
import { applyChange, currentMessage } from '../messages/apply-change.js';
import { NOWHERE, placeOf } from '../places.js';
import { type News, Tally } from './tally.js';

/** A room of which the user is a member. Each change makes a new object. */
export interface InboxEntry {
  /** As of the last reading; its name is kept current while the room is joined. */
  readonly room: RoomInfo;
  readonly role: RoomRole;
  /**
   * Kept current in joined rooms, and in those that {@link InboxOptions.lastMessages} selects; otherwise as of the last reading. Null if there
   * is none, or if it was deleted.
   */
  readonly lastMessage: CurrentMessage | null;
  /** Position of the newest message or deletion; undefined in a room without messages. */
  readonly position: Position | undefined;
  /** Messages after the read position, without deleted ones. */
  readonly unread: number;
  /** Unread messages of others that mention the user or all members. */
  readonly mentions: number;
  /** Undefined if the user has read nothing yet. */
  readonly readPosition: Position | undefined;
  /** End of the user's mute, ISO 8601, as of the last reading; null for none. */
  readonly mutedUntil: string | null;
}

/** An entry or a new name of a joined room. */
export type LiveFrame = Message | Change | { readonly type: 'room-renamed'; readonly name: string };

/** News of a room, as the frame `inbox` has them. */
export interface RoomNews extends News, Position {
  readonly roomId: number;
}

/** A reading of the user, on any device. */
export interface ReadNotice extends Position {
  readonly roomId: number;
  /** Ordinal of the last message read; absent if unknown. */
  readonly n?: number | undefined;
  readonly unread?: true | undefined;
}

/** A frame about a room that need not be joined. */
export type RoomNotice = RoomNews | ReadNotice;

export interface AwaitedAnswer {
  /** Position up to which frames were applied before. */
  readonly since: Position | undefined;
  readonly frames: RoomNotice[];
}

/**
 * Time after which frames about what an answer of the API has counted are no longer on their way, in milliseconds. Gateways gather news for a
 * fraction of a second, and send `inbox-reset` instead of late ones.
 */
const SETTLED_MS = 60_000;

/** An entry of the inbox and what its counts are made of. `news` and `read` return whether the counts are exact. */
export class TrackedRoom extends Tally {
  entry: InboxEntry;
  readonly #countedAt = performance.now();
  /** Whether the next news begin after what the API has counted. */
  #fresh = false;

  constructor(answer: InboxRoom) {
    const { room, role, mutedUntil, position, readPosition } = answer;
    super(answer);
    this.entry = this.#counted({
      ...{ room, role, mutedUntil },
      lastMessage: answer.lastMessage && currentMessage(answer.lastMessage),
      position: parsePosition(position),
      readPosition: parsePosition(readPosition),
    });
  }

  get id(): number {
    return this.entry.room.id;
  }

  /** Whether the last message is not the newest. */
  get outdated(): boolean {
    const { lastMessage } = this.entry;
    return lastMessage === null || ordinalOf(lastMessage) < this.n;
  }

  news(news: RoomNews): boolean {
    const { position = NOWHERE, lastMessage, readPosition } = this.entry;
    if (!isAfter(news, position)) {
      this.#fresh ||= !isAfter(position, news);
      return true;
    }
    const { n, ownN = 0, deleted = [] } = news;
    const at = placeOf(news);
    const isOwn = ownN > this.readN;
    // The position of an own message is known only if nothing followed it.
    const isLast = ownN === n && deleted.length === 0;
    const isGone = lastMessage && !lastMessage.deleted && deleted.includes(ordinalOf(lastMessage));
    const exact = this.add(news, this.#fresh || performance.now() - this.#countedAt > SETTLED_MS);
    this.#fresh = true;
    // The user has read it before its news arrived.
    const isRead = !isAfter(at, readPosition ?? NOWHERE);
    const isExact = isRead ? this.readTo(n) : exact && (!isOwn || isLast);
    this.change({
      position: at,
      readPosition: isOwn && isLast ? at : readPosition,
      lastMessage: isGone ? null : lastMessage,
    });
    return isExact;
  }

  read({ epoch, seq, n = 0, unread }: ReadNotice): boolean {
    const { position = NOWHERE, readPosition = NOWHERE } = this.entry;
    const at = { epoch, seq };
    // An equal position tells the ordinal of what was marked as read here before its news arrived.
    if (isAfter(readPosition, at) && !unread) return true;
    const all = !isAfter(position, at);
    const exact = (all || n > 0) && this.readTo(all ? Math.max(n, this.n) : n);
    this.change({ readPosition: at });
    // News of an own message from before may still be on their way.
    return exact && !unread;
  }

  /** The gateway has sent an entry of the room, which is joined. @returns whether anything has changed */
  live(frame: LiveFrame): boolean {
    const { room, lastMessage } = this.entry;
    if (frame.type === 'room-renamed') this.change({ room: { ...room, name: frame.name } });
    else if (frame.type === 'change') {
      const changed = lastMessage && applyChange(lastMessage, frame);
      if (changed === lastMessage) return false;
      this.change({ lastMessage: changed });
    } else if (lastMessage === null || isAfter(frame, lastMessage)) {
      this.change({ lastMessage: currentMessage(frame) });
    } else return false;
    return true;
  }

  change(changes: Partial<InboxEntry>): void {
    this.entry = this.#counted({ ...this.entry, ...changes });
  }

  #counted(entry: Omit<InboxEntry, 'unread' | 'mentions'>): InboxEntry {
    return { ...entry, unread: this.unread, mentions: this.mentions };
  }
}

function ordinalOf({ n, seq }: CurrentMessage): number {
  return n ?? seq;
}
