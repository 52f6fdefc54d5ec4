import { formatPosition, isAfter, type Position, parsePosition } from '@chorus/protocol/constants';
import { changedMessage, tombstoneOf } from '@chorus/protocol/fold';
import { Emitter } from '../emitter.js';
import type { Change, CurrentMessage, MemberChange, Message, RoomChange } from '../entries.js';
import type { HistoryPage, RoomHistoryQuery } from '../options.js';
import { Pending } from '../pending.js';
import { placeOf } from '../places.js';
import type { Room } from '../room/room.js';
import { applyChange, currentMessage } from './apply-change.js';
import { merged, spliced } from './ordered.js';

/** Options of a {@link MessageList}. */
export interface MessageListOptions {
  /**
   * Number of messages to keep as new ones arrive: the oldest are dropped, and {@link MessageList.older} reads them again. Older pages that
   * were read are kept beyond it. Default: 500.
   */
  keep?: number;
  /** Whether the list has the changes of the members and of the room as well: {@link MessageList.changes}. Default: false. */
  changes?: boolean;
}

type Entry = Message | Change;
type LoggedChange = MemberChange | RoomChange;

/** Entries that are kept to be applied to pages of the history, which may be older than what the room has delivered. */
const MOST_RECENT = 1_000;
/** Size of the pages in which missed changes are read. */
const PAGE = 100;

/**
 * The messages of a room as they are now, in order: live messages, older pages, edits, appended text, deletions, reactions and replies.
 *
 * Make it right after the join. It begins empty: {@link MessageList.older} reads the newest page, then older ones. A deleted message stays
 * in the list, with `deleted` and without text. Messages of a `gap` are missing.
 *
 * @example
 * const list = new MessageList(room);
 * list.subscribe(() => render(list.messages));
 * await list.older();
 */
export class MessageList {
  readonly #room: Room;
  readonly #offs: ReadonlyArray<() => void>;
  readonly #events = new Emitter<{ change: undefined }>();
  readonly #pending = new Pending();
  #messages: readonly CurrentMessage[] = [];
  #changes: readonly LoggedChange[] = [];
  readonly #withChanges: boolean;
  #keep: number;
  #start: Position | undefined;
  /** Whether the first page has been read, so that the list has all messages from {@link #start} on. */
  #complete = false;
  /** The last entries that the room delivered, oldest first. */
  #recent: Entry[] = [];
  /** Readings in progress: until they end, no entry of {@link #recent} is dropped. */
  #readings = 0;
  #pages: Promise<unknown> = Promise.resolve();
  /** Changes after this position are to be read. */
  #missedSince: Position | undefined;
  #mending = false;
  #closed = false;

  constructor(room: Room, { keep = 500, changes = false }: MessageListOptions = {}) {
    this.#room = room;
    this.#keep = keep;
    this.#withChanges = changes;
    this.#start = room.position && placeOf(room.position, 1);
    this.#offs = [
      room.on('message', (message) => this.#received(message)),
      room.on('change', (change) => this.#received(change)),
      room.on('changesMissed', (since) => this.#missed(since)),
      // One reading is enough for everything that a room misses while it catches up.
      room.on('status', () => this.#mend()),
    ];
  }

  /** Oldest first. Each change of the list makes a new array; messages that did not change are the same objects. */
  get messages(): readonly CurrentMessage[] {
    return this.#messages;
  }

  /**
   * With the option `changes`: the changes of the members and of the room since the first message of the list, oldest first. In a public
   * room, the history leaves out members who joined or left by themselves. Each change of the list makes a new array.
   */
  get changes(): ReadonlyArray<MemberChange | RoomChange> {
    return this.#changes;
  }

  /** Whether the list begins with the first message of the room. */
  get atBeginning(): boolean {
    return this.#complete;
  }

  /**
   * Calls `listener` after each change of {@link MessageList.messages} or {@link MessageList.changes}. A function of its own, so that frameworks can be given it:
   * `useSyncExternalStore(list.subscribe, () => list.messages)`.
   * @returns a function that removes the listener
   */
  readonly subscribe = (listener: () => void): (() => void) => this.#events.on('change', listener);

  /**
   * Reads the next older page of the history into the list, as the first messages; the first call reads the newest page. Calls run one after
   * the other.
   * @param limit largest number of messages; 1 to 100
   * @returns how many messages there were; 0 at the beginning of the room
   * @throws {ChorusError} (rejects) after which the call can be repeated for the same page
   */
  older(limit = 50): Promise<number> {
    const page = this.#pages.then(() => this.#readOlder(limit));
    this.#pages = page.catch(() => {});
    return page;
  }

  /** Ends the updates. The list stays as it is. */
  close(): void {
    this.#closed = true;
    this.#pending.cancelAll();
    for (const off of this.#offs) off();
  }

  async #readOlder(limit: number): Promise<number> {
    if (!this.#start) await this.#room.joined();
    const before = this.#start ?? (this.#room.position && placeOf(this.#room.position, 1));
    if (!before || this.#closed) return 0;
    const { before: more, ...read } = await this.#read({
      ...{ before: formatPosition(before), changes: this.#withChanges || undefined, limit },
    });
    // Messages were dropped while the page was read: it is no longer the next older one.
    if (this.#start && isAfter(this.#start, before)) return this.#readOlder(limit);
    const page = read.messages.map((message) => this.#asNow(message));
    this.#start = parsePosition(more) ?? page[0] ?? before;
    this.#complete = !more && (more === null || page.length === 0);
    if (this.#log(read.changes) || page.length > 0) {
      const whole = [...page, ...this.#messages];
      this.#keep = Math.max(this.#keep, whole.length);
      this.#become(whole);
    }
    // A page of changes only.
    return page.length > 0 || this.#complete ? page.length : this.#readOlder(limit);
  }

  #received(entry: Entry): void {
    this.#recent.push(entry);
    if (this.#readings === 0 && this.#recent.length >= 2 * MOST_RECENT) {
      this.#recent = this.#recent.slice(-MOST_RECENT);
    }
    const messages = this.#applied(entry);
    if (entry.type === 'message') {
      // Restored after Redis lost data: it includes changes up to there, but neither its reactions nor the number of its replies.
      if (entry.changed) this.#missed(placeOf(entry, -1));
      this.#start ??= entry;
      this.#become([...messages, currentMessage(entry)]);
    } else if (this.#withChanges && ('member' in entry || entry.change === 'room-changed')) {
      this.#log([entry]);
      this.#become(messages);
    } else if (messages !== this.#messages) this.#become(messages);
  }

  /** @returns whether there are any */
  #log(changes: readonly LoggedChange[] = []): boolean {
    this.#changes = merged(this.#changes, changes);
    return changes.length > 0;
  }

  /** Returns the messages after an entry about one of them; the same array if it is about none. */
  #applied(entry: Entry): readonly CurrentMessage[] {
    const messages = this.#messages;
    const target = changedMessage(entry as Parameters<typeof changedMessage>[0]);
    if (!target) return messages;
    const index = messages.findLastIndex((message) => !isAfter(message, target));
    const before = messages[index];
    if (before && !isAfter(target, before)) {
      const now = applyChange(before, entry);
      return now === before ? messages : spliced(messages, index, 1, now);
    }
    const isListed = this.#start && !isAfter(this.#start, target);
    if (entry.type === 'message' || entry.change !== 'deleted' || !isListed) return messages;
    // Its entry was erased before the room could deliver it. Only the history knows its replies, and to what it replied.
    this.#missed(placeOf(target, -1));
    const tombstone = currentMessage(tombstoneOf(entry as Parameters<typeof tombstoneOf>[0]));
    return spliced(messages, index + 1, 0, tombstone);
  }

  /** Applies what the room has delivered to a message of the history, which may be older. */
  #asNow(message: Message): CurrentMessage {
    return this.#recent.reduce(applyChange, currentMessage(message));
  }

  /** Keeps the oldest of several positions. */
  #missed(since: Position): void {
    if (!this.#missedSince || isAfter(this.#missedSince, since)) this.#missedSince = since;
    this.#mend();
  }

  /** Reads what has changed since a position. Repeats a reading that failed, until the list is closed. */
  async #mend(): Promise<void> {
    const since = this.#missedSince;
    if (!since || this.#mending || this.#room.status !== 'joined') return;
    this.#mending = true;
    this.#missedSince = undefined;
    try {
      for (let from: string | null = formatPosition(since); from !== null; ) {
        const query = { changedSince: from, limit: PAGE };
        const page: HistoryPage = await this.#pending.untilAnswered(() => this.#read(query));
        // A server that does not know the parameter returns the newest page.
        const changed = page.messages.filter((message) => message.changed && isAfter(message.changed, since));
        this.#replace(changed);
        from = changed.length < page.messages.length ? null : (page.changedSince ?? null);
      }
      for (let after = this.#withChanges ? formatPosition(since) : null; after !== null; ) {
        const query = { after, changes: true, limit: PAGE };
        const page: HistoryPage = await this.#pending.untilAnswered(() => this.#read(query));
        if (this.#log(page.changes)) this.#become(this.#messages);
        after = page.after;
      }
      this.#mending = false;
      this.#mend();
    } catch {
      // Repeated when the room is joined again.
      this.#missed(since);
      this.#mending = false;
    }
  }

  #replace(changed: readonly Message[]): void {
    const news = new Map(changed.map((message) => [formatPosition(message), this.#asNow(message)]));
    const messages = this.#messages.map((before) => {
      const now = news.get(formatPosition(before)) ?? before;
      return isAfter(before.changed ?? before, now.changed ?? now) ? before : now;
    });
    if (news.size > 0) this.#become(messages);
  }

  async #read(query: RoomHistoryQuery): Promise<HistoryPage> {
    this.#readings++;
    try {
      return await this.#room.history(query);
    } finally {
      this.#readings--;
    }
  }

  #become(messages: readonly CurrentMessage[]): void {
    if (this.#closed) return;
    const excess = messages.length - this.#keep;
    this.#messages = messages;
    // Dropped in steps, so that not every message moves all others.
    if (excess > Math.max(10, this.#keep / 10)) {
      this.#messages = messages.slice(excess);
      const [first] = this.#messages;
      this.#start = first;
      this.#changes = this.#changes.filter((change) => first && isAfter(change, first));
      this.#complete = false;
    }
    this.#events.emit('change', undefined);
  }
}
