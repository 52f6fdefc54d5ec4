import { isChangeFrame } from '@chorus/protocol';
import { isAfter, type Position, type StoredMessage } from '../../broker.js';
import { countExpired } from '../../publishing/expired.js';
import { erasedFrame } from '../../publishing/stored-frame.js';
import { ErasedMessages } from './erased-messages.js';
import { follows, positionBefore, samePosition } from './read-after.js';
import type { EntryFilter } from './replay.js';

/** Approximate memory of a message beside its frame, in bytes. */
const OVERHEAD = 128;

export interface WindowLimits {
  /** Maximum number of messages that a client may have missed. */
  maxMessages: number;
  /** Maximum size of one room's window, in bytes. */
  maxRoomBytes: number;
}

/** Memory limit of all windows of a node. If it is exceeded, the largest window shrinks. */
export class ReplayBudget {
  readonly #windows = new Set<ReplayWindow>();
  #used = 0;

  /** @param limit in bytes */
  constructor(readonly limit: number) {}

  get used(): number {
    return this.#used;
  }

  add(window: ReplayWindow): void {
    this.#windows.add(window);
  }

  remove(window: ReplayWindow): void {
    if (this.#windows.delete(window)) this.#used -= window.bytes;
  }

  /** A window has grown or shrunk by that number of bytes. */
  changed(bytes: number): void {
    this.#used += bytes;
    while (this.#used > this.limit) {
      let largest: ReplayWindow | undefined;
      for (const window of this.#windows) if (window.bytes > (largest?.bytes ?? 0)) largest = window;
      if (largest === undefined) return;
      // Frees more than needed, so that not every message has to search for the largest window.
      largest.shrinkTo(Math.max(0, largest.bytes - (this.#used - this.limit) - this.limit / 16));
    }
  }
}

/**
 * The last messages that a feed has delivered, without a gap, as far back as clients needed them: each delivery is
 * appended, older messages are prepended when read, and the oldest are dropped when the window gets too large.
 *
 * Indexes into it are numbers that stay valid as long as {@link generation} does not change.
 */
export class ReplayWindow {
  /** Oldest first; messages before `#head` have been dropped. */
  #messages: Array<StoredMessage | undefined> = [];
  #head = 0;
  /** Index of the message at `#head`. */
  #first = 0;
  /** The window holds everything after this position. */
  #start: Position;
  /** The window holds, or held, everything that the history has after this position. */
  #readFrom: Position;
  /** Whether no older message can be prepended. */
  #closed = false;
  #bytes = 0;
  #generation = 0;
  readonly #erased = new ErasedMessages();

  /** @param at position of the feed */
  constructor(
    at: Position,
    private readonly limits: WindowLimits,
    private readonly budget: ReplayBudget,
  ) {
    this.#start = at;
    this.#readFrom = at;
    budget.add(this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Changes when the next delivery does not follow the last one without a gap. */
  get generation(): number {
    return this.#generation;
  }

  /** Older messages must be read up to here. */
  get start(): Position {
    return this.#start;
  }

  /** Index of the next delivery. */
  get end(): number {
    return this.#first + this.#messages.length - this.#head;
  }

  /** Position of the newest message, changes left out, from an index on. */
  lastMessage(from: number): Position | undefined {
    for (let place = this.end - 1; place >= from; place--) {
      const entry = this.#at(place);
      if (entry === undefined) return undefined;
      if (!isChangeFrame(entry.frame)) return { epoch: entry.epoch, seq: entry.seq };
    }
    return undefined;
  }

  /** Appends a delivery. Copies the frame, which is a slice of a larger buffer. */
  append({ epoch, seq }: Position, frame: Uint8Array): void {
    this.#messages.push({ epoch, seq, frame: Buffer.from(frame) });
    this.#grew(frame.length + OVERHEAD);
  }

  /**
   * Prepends older messages, which must end right before {@link start}.
   * @param readFrom everything that the history has after this position was read
   */
  prepend(messages: readonly StoredMessage[], readFrom: Position): void {
    this.#readFrom = readFrom;
    const [first] = messages;
    if (first === undefined) return;
    this.#messages = [...messages, ...this.#messages.slice(this.#head)];
    this.#head = 0;
    this.#first -= messages.length;
    this.#start = positionBefore(first);
    this.#grew(sizeOf(messages));
  }

  /** Marks that no older message fits, or could be joined. */
  closeBelow(): void {
    this.#closed = true;
  }

  /** Continues after this position: messages before it are missing. */
  cut(start: Position): void {
    this.#generation++;
    this.#first = this.end;
    this.#messages = [];
    this.#head = 0;
    this.#start = start;
    this.#readFrom = start;
    this.#closed = false;
    const freed = this.#bytes;
    this.#bytes = 0;
    this.budget.changed(-freed);
  }

  /** Ends its use: readers get nothing from now on. */
  dispose(): void {
    this.cut(this.#start);
    this.budget.remove(this);
  }

  /**
   * Finds the index of the message after a position that the feed has passed.
   * @param at position of the feed
   * @returns 'gone' if it cannot be had without a gap, 'unread' if older messages must be prepended to find out
   */
  find(since: Position, at: Position): number | 'gone' | 'unread' {
    if (samePosition(since, at)) return this.end;
    const place = this.#firstAfter(since);
    const next = this.#at(place);
    const previous = place > this.#first ? this.#at(place - 1) : this.#start;
    if ((previous !== undefined && samePosition(previous, since)) || (next && follows(since, next))) {
      return place;
    }
    const known = place > this.#first || this.#closed || !isAfter(this.#readFrom, since);
    return known ? 'gone' : 'unread';
  }

  /**
   * Frames from an index on: about `maxBytes`, at least one unless there is none; and the index behind them.
   * @returns undefined if they were dropped
   */
  read(
    from: number,
    maxBytes: number,
    entries: EntryFilter,
  ): { frames: Uint8Array[]; end: number } | undefined {
    if (from < this.#first) return undefined;
    const frames: Uint8Array[] = [];
    let bytes = 0;
    let place = from;
    for (let next = this.#at(place); next !== undefined; next = this.#at(++place)) {
      if (entries === 'messages' && isChangeFrame(next.frame)) continue;
      if (frames.length > 0 && bytes + next.frame.length > maxBytes) break;
      bytes += next.frame.length;
      frames.push(next.frame);
    }
    return { frames, end: place };
  }

  /** Erases a deleted message, and its edits and appended text, so that no client that resumes receives them. */
  erase(roomId: number, target: Position): void {
    this.#erased.add(target);
    this.eraseAgain(roomId, this.#messages.length);
  }

  /** Whether a message was erased. */
  hasErased(target: Position): boolean {
    return this.#erased.has(target);
  }

  /** Erases what belongs to erased messages among the oldest `count` entries, which may have been prepended since. */
  eraseAgain(roomId: number, count: number): void {
    const end = Math.min(this.#head + count, this.#messages.length);
    for (let index = this.#head; index < end; index++) {
      const entry = this.#messages[index];
      if (entry === undefined || !this.#erased.covers(entry)) continue;
      const erased = erasedFrame(roomId, entry, entry.changes);
      const { frame } = entry;
      this.#messages[index] = erased;
      this.#bytes += erased.frame.length - frame.length;
      this.budget.changed(erased.frame.length - frame.length);
    }
  }

  /** Drops messages that were sent up to a time. @param expiredUpTo milliseconds since 1970; undefined for none */
  expire(expiredUpTo: number | undefined): void {
    const before = this.#bytes;
    for (let left = countExpired(this.#held(), expiredUpTo); left > 0; left--) this.#dropFirst();
    if (this.#bytes !== before) this.budget.changed(this.#bytes - before);
  }

  /** Drops the oldest messages until at most that number of bytes is left. */
  shrinkTo(bytes: number): void {
    const before = this.#bytes;
    while (this.#bytes > bytes) this.#dropFirst();
    this.budget.changed(this.#bytes - before);
  }

  #at(place: number): StoredMessage | undefined {
    return this.#messages[this.#head + place - this.#first];
  }

  *#held(): Generator<StoredMessage> {
    for (let index = this.#head; index < this.#messages.length; index++) {
      const message = this.#messages[index];
      if (message !== undefined) yield message;
    }
  }

  #firstAfter(since: Position): number {
    let low = this.#first;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const message = this.#at(middle);
      if (message !== undefined && isAfter(message, since)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #grew(bytes: number): void {
    this.#bytes += bytes;
    let freed = 0;
    // A client that may just resume must not lose its index to the next few deliveries: hence the factor of two.
    while (this.#bytes > this.limits.maxRoomBytes || this.end - this.#first > 2 * this.limits.maxMessages) {
      freed += this.#dropFirst();
    }
    this.budget.changed(bytes - freed);
  }

  #dropFirst(): number {
    const message = this.#messages[this.#head];
    if (message === undefined) return 0;
    this.#messages[this.#head++] = undefined;
    this.#first++;
    this.#start = { epoch: message.epoch, seq: message.seq };
    this.#closed = true;
    if (this.#head > 1_024 && this.#head * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    const freed = message.frame.length + OVERHEAD;
    this.#bytes -= freed;
    return freed;
  }
}

/** The newest of the messages that fit into that number of bytes. */
export function newest(messages: StoredMessage[], maxBytes: number): StoredMessage[] {
  let bytes = sizeOf(messages);
  let from = 0;
  for (; bytes > maxBytes && from < messages.length; from++) bytes -= sizeOf(messages.slice(from, from + 1));
  return from === 0 ? messages : messages.slice(from);
}

/** Approximate memory of messages, in bytes. */
function sizeOf(messages: readonly StoredMessage[]): number {
  return messages.reduce((sum, { frame }) => sum + frame.length + OVERHEAD, 0);
}
