import { isAfter, type Position, type StoredMessage } from '../broker.js';
import { follows, positionBefore, samePosition } from './read-after.js';

/** What a message takes in memory beside its frame, roughly, in bytes. */
const OVERHEAD = 128;

export interface WindowLimits {
  /** Messages that may follow the position of somebody who returns. */
  maxMessages: number;
  /** What one room's window may take, in bytes. */
  maxRoomBytes: number;
}

/** What all windows of a node may take together. When it is too much, the largest gives way. */
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

  /** A window has grown, or shrunk. */
  changed(bytes: number): void {
    this.#used += bytes;
    while (this.#used > this.limit) {
      let largest: ReplayWindow | undefined;
      for (const window of this.#windows) if (window.bytes > (largest?.bytes ?? 0)) largest = window;
      if (largest === undefined) return;
      // Somewhat more than needed, so that not every message has to look for the largest.
      largest.shrinkTo(Math.max(0, largest.bytes - (this.#used - this.limit) - this.limit / 16));
    }
  }
}

/**
 * The last messages that a feed has delivered, without a hole, as far back as somebody needed them: it grows at
 * its end with every delivery, at its beginning by what is read, and loses its oldest when it gets too large.
 *
 * Places in it are numbers that stay the same as long as {@link generation} does.
 */
export class ReplayWindow {
  /** Oldest first; those before `#head` are gone. */
  #messages: Array<StoredMessage | undefined> = [];
  #head = 0;
  /** Place of the message at `#head`. */
  #first = 0;
  /** What comes after this is here. */
  #start: Position;
  /** What the history has after this is here, or was. */
  #readFrom: Position;
  /** Nothing older can be taken in. */
  #closed = false;
  #bytes = 0;
  #generation = 0;

  /** @param at where the feed is */
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

  /** Changes when what comes next does not follow what came before without a hole. */
  get generation(): number {
    return this.#generation;
  }

  /** What is older has to be read up to here. */
  get start(): Position {
    return this.#start;
  }

  /** The place of the next delivery. */
  get end(): number {
    return this.#first + this.#messages.length - this.#head;
  }

  /** Position of the newest message. */
  get last(): Position | undefined {
    const message = this.#at(this.end - 1);
    return message && { epoch: message.epoch, seq: message.seq };
  }

  /** Takes in what the feed delivers. A copy: what arrived is a slice of something larger. */
  append({ epoch, seq }: Position, frame: Uint8Array): void {
    this.#messages.push({ epoch, seq, frame: Buffer.from(frame) });
    this.#grew(frame.length + OVERHEAD);
  }

  /**
   * Takes in older messages, which end right before {@link start}.
   * @param readFrom all that the history has from there on was read
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

  /** Nothing older fits in, or could be joined. */
  closeBelow(): void {
    this.#closed = true;
  }

  /** The next delivery, if any, comes after this position; something before it is missing. */
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

  /** Not used any more. Whoever reads from it gets nothing from now on. */
  dispose(): void {
    this.cut(this.#start);
    this.budget.remove(this);
  }

  /**
   * @param at where the feed is
   * @returns the place of what follows a position up to which the feed has come; 'gone' when it cannot be had without
   *   a hole, 'unread' when older messages have to be taken in to know
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
   * Frames from a place on: about `maxBytes`, at least one unless there is none.
   * @returns undefined when they are gone
   */
  read(place: number, maxBytes: number): Uint8Array[] | undefined {
    if (place < this.#first) return undefined;
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (let next = this.#at(place); next !== undefined; next = this.#at(place + frames.length)) {
      if (frames.length > 0 && bytes + next.frame.length > maxBytes) break;
      bytes += next.frame.length;
      frames.push(next.frame);
    }
    return frames;
  }

  /** Lets the oldest go until no more than so many bytes are left. */
  shrinkTo(bytes: number): void {
    const before = this.#bytes;
    while (this.#bytes > bytes) this.#dropFirst();
    this.budget.changed(this.#bytes - before);
  }

  #at(place: number): StoredMessage | undefined {
    return this.#messages[this.#head + place - this.#first];
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
    // Whoever may just return must not lose the place to the next few deliveries: hence twice as many.
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

/** The newest of some messages that take no more than so many bytes. */
export function newest(messages: StoredMessage[], maxBytes: number): StoredMessage[] {
  let bytes = sizeOf(messages);
  let from = 0;
  for (; bytes > maxBytes && from < messages.length; from++) bytes -= sizeOf(messages.slice(from, from + 1));
  return from === 0 ? messages : messages.slice(from);
}

/** What messages take in memory, roughly, in bytes. */
function sizeOf(messages: readonly StoredMessage[]): number {
  return messages.reduce((sum, { frame }) => sum + frame.length + OVERHEAD, 0);
}
