import { formatPosition, isAfter, type Position, parsePosition } from '@chorus/protocol/constants';
import { changedMessage, tombstoneOf } from '@chorus/protocol/fold';
import { asChorusError } from '../chorus-error.js';
import type { Change, CurrentMessage, MemberChange, Message, RoomChange } from '../entries.js';
import type { HistoryPage } from '../options.js';
import { placeAfter, placeOf } from '../places.js';
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
/** Waits before a failed reading of missed changes is repeated, in milliseconds: the first, and the longest. */
const RETRY_MS = [1_000, 30_000] as const;

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
  readonly #listeners = new Set<() => void>();
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
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(room: Room, { keep = 500, changes = false }: MessageListOptions = {}) {
    this.#room = room;
    this.#keep = keep;
    this.#withChanges = changes;
    this.#start = room.position && placeAfter(room.position);
    this.#offs = [
      room.on('message', (message) => this.#received(message)),
      room.on('change', (change) => this.#received(change)),
      room.on('changesMissed', (since) => this.#missed(since)),
      room.on('status', () => this.#mendOnceJoined()),
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
  readonly subscribe = (listener: () => void): (() => void) => {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  };

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
    clearTimeout(this.#retry);
    for (const off of this.#offs) off();
    this.#listeners.clear();
  }

  async #readOlder(limit: number): Promise<number> {
    if (this.#start === undefined) await this.#room.joined();
    const before = this.#start ?? (this.#room.position && placeAfter(this.#room.position));
    if (before === undefined || this.#closed) return 0;
    const changes = this.#withChanges || undefined;
    const { before: more, ...read } = await this.#read(() =>
      this.#room.history({ before: formatPosition(before), changes, limit }),
    );
    // Messages were dropped while the page was read: it is no longer the next older one.
    if (this.#start !== undefined && isAfter(this.#start, before)) return this.#readOlder(limit);
    const page = read.messages.map((message) => this.#asNow(message));
    this.#start = parsePosition(more ?? formatPosition(page[0] ?? before));
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
      if (entry.changed !== undefined) this.#missed({ epoch: entry.epoch, seq: entry.seq - 1 });
      this.#start ??= placeOf(entry);
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
    const target = changedMessage(entry as Parameters<typeof changedMessage>[0]);
    if (target === undefined) return this.#messages;
    const index = this.#find(target);
    const before = this.#messages[index];
    if (before === undefined || isAfter(before, target)) {
      if (entry.type === 'message' || entry.change !== 'deleted' || !this.#covers(target))
        return this.#messages;
      // Its entry was erased before the room could deliver it. Only the history knows its replies, and to what it replied.
      this.#missed({ epoch: target.epoch, seq: target.seq - 1 });
      const tombstone = currentMessage(tombstoneOf(entry as Parameters<typeof tombstoneOf>[0]));
      return spliced(this.#messages, index, 0, tombstone);
    }
    const now = applyChange(before, entry);
    return now === before ? this.#messages : spliced(this.#messages, index, 1, now);
  }

  /** Returns the index of the first message that is not before this position. */
  #find(position: Position): number {
    let [from, to] = [0, this.#messages.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const at = this.#messages[middle];
      if (at !== undefined && isAfter(position, at)) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #covers(position: Position): boolean {
    return this.#start !== undefined && !isAfter(this.#start, position);
  }

  /** Applies what the room has delivered to a message of the history, which may be older. */
  #asNow(message: Message): CurrentMessage {
    return this.#recent.reduce(applyChange, currentMessage(message));
  }

  #missed(since: Position): void {
    this.#remember(since);
    this.#mendOnceJoined();
  }

  /** One reading is enough for everything that a room misses while it catches up. */
  #mendOnceJoined(): void {
    if (this.#missedSince !== undefined && !this.#mending && this.#room.status === 'joined') this.#mend(0);
  }

  /** Keeps the oldest of several positions. */
  #remember(since: Position): void {
    if (this.#missedSince === undefined || isAfter(this.#missedSince, since)) this.#missedSince = since;
  }

  /** Reads what has changed since a position. Repeats a reading that failed, until the list is closed. */
  async #mend(failures: number): Promise<void> {
    const since = this.#missedSince;
    if (since === undefined || this.#closed) return;
    this.#mending = true;
    this.#missedSince = undefined;
    try {
      for (let from: string | null = formatPosition(since); from !== null && !this.#closed; ) {
        const page: HistoryPage = await this.#read(() =>
          this.#room.history({ changedSince: from ?? '', limit: PAGE }),
        );
        // A server that does not know the parameter returns the newest page.
        const changed = page.messages.filter((message) => message.changed && isAfter(message.changed, since));
        this.#replace(changed);
        from = changed.length < page.messages.length ? null : (page.changedSince ?? null);
      }
      for (let from = this.#withChanges ? formatPosition(since) : null; from !== null && !this.#closed; ) {
        const after = from;
        const page = await this.#read(() => this.#room.history({ after, changes: true, limit: PAGE }));
        if (this.#log(page.changes)) this.#become(this.#messages);
        from = page.after;
      }
      this.#mending = false;
      if (this.#missedSince !== undefined) this.#mend(0);
    } catch (cause) {
      this.#remember(since);
      const { retry, retryAfterMs = 0 } = asChorusError(cause);
      const wait = Math.max(retryAfterMs, Math.min(RETRY_MS[0] * 2 ** failures, RETRY_MS[1]));
      if (retry && !this.#closed)
        this.#retry = setTimeout(() => void this.#mend(failures + 1), wait * Math.random());
      else this.#mending = false;
    }
  }

  #replace(changed: readonly Message[]): void {
    let messages = this.#messages;
    for (const message of changed) {
      const index = this.#find(message);
      const before = messages[index];
      if (before === undefined || isAfter(before, message)) continue;
      const now = this.#asNow(message);
      if (!isAfter(before.changed ?? before, now.changed ?? now)) messages = spliced(messages, index, 1, now);
    }
    if (messages !== this.#messages) this.#become(messages);
  }

  async #read<T>(page: () => Promise<T>): Promise<T> {
    this.#readings++;
    try {
      return await page();
    } finally {
      this.#readings--;
    }
  }

  #become(messages: readonly CurrentMessage[]): void {
    const { length } = messages;
    // Dropped in steps, so that not every message moves all others.
    const drop = length > this.#keep + Math.max(10, this.#keep / 10) ? length - this.#keep : 0;
    const first = messages[drop];
    if (drop > 0 && first !== undefined) {
      this.#start = placeOf(first);
      this.#complete = false;
      this.#changes = this.#changes.filter((change) => isAfter(change, first));
    }
    this.#messages = drop > 0 ? messages.slice(drop) : messages;
    for (const listener of this.#listeners) listener();
  }
}
