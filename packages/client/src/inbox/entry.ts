import { isAfter, type Position, parsePosition } from '@chorus/protocol/constants';
import type { Change, CurrentMessage, Message, RoomRole } from '../entries.js';
import type { InboxRoom, RoomInfo } from '../http/api-types.js';
import { applyChange, currentMessage } from '../messages/apply-change.js';
import { placeOf } from '../places.js';
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

/**
 * Time after which frames about what an answer of the API has counted are no longer on their way, in milliseconds. Gateways gather news for a
 * fraction of a second, and send `inbox-reset` instead of late ones.
 */
const SETTLED_MS = 60_000;

/** An entry of the inbox and what its counts are made of. `news` and `read` return whether the counts are exact. */
export class TrackedRoom {
  entry: InboxEntry;
  readonly #tally: Tally;
  readonly #countedAt = performance.now();
  /** Whether the next news begin after what the API has counted. */
  #fresh = false;

  constructor(answer: InboxRoom) {
    const { room, role, mutedUntil, position, readPosition } = answer;
    this.#tally = new Tally(answer);
    this.entry = {
      ...{ room, role, mutedUntil, unread: answer.unread, mentions: answer.mentions },
      lastMessage: answer.lastMessage && currentMessage(answer.lastMessage),
      position: parsePosition(position ?? ''),
      readPosition: parsePosition(readPosition ?? ''),
    };
  }

  get id(): number {
    return this.entry.room.id;
  }

  /** Ordinal of the newest message. */
  get n(): number {
    return this.#tally.n;
  }

  /** Whether the last message is not the newest. */
  get outdated(): boolean {
    const { lastMessage } = this.entry;
    return lastMessage === null || ordinalOf(lastMessage) < this.#tally.n;
  }

  news(news: RoomNews): boolean {
    const { position, lastMessage, readPosition } = this.entry;
    const known = position !== undefined && !isAfter(news, position);
    if (known) {
      this.#fresh ||= !isAfter(position, news);
      return true;
    }
    const { n, ownN = 0, deleted } = news;
    const own = ownN > this.#tally.readN;
    let exact = this.#tally.add(news, this.#fresh || performance.now() - this.#countedAt > SETTLED_MS);
    this.#fresh = true;
    const at = placeOf(news);
    // The position of an own message is known only if nothing followed it.
    const isLast = ownN === n && !deleted;
    if (own && !isLast) exact = false;
    const gone = lastMessage && !lastMessage.deleted && deleted?.includes(ordinalOf(lastMessage));
    // The user has read it before its news arrived.
    if (readPosition !== undefined && !isAfter(at, readPosition)) exact = this.#tally.read(n);
    this.change({
      position: at,
      readPosition: own && isLast ? at : readPosition,
      lastMessage: gone ? null : lastMessage,
    });
    return exact;
  }

  read({ epoch, seq, n, unread }: ReadNotice): boolean {
    const { position, readPosition } = this.entry;
    const at = { epoch, seq };
    // An equal position tells the ordinal of what was marked as read here before its news arrived.
    const isOld = readPosition !== undefined && isAfter(readPosition, at);
    if (isOld && !unread) return true;
    const all = position === undefined || !isAfter(position, at);
    const exact =
      (all || n !== undefined) && this.#tally.read(all ? Math.max(n ?? 0, this.#tally.n) : (n ?? 0));
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
    const { unread, mentions } = this.#tally;
    this.entry = { ...this.entry, ...changes, unread, mentions };
  }
}

function ordinalOf({ n, seq }: CurrentMessage): number {
  return n ?? seq;
}
