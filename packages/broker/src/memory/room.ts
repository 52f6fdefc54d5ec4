import type { ArchiveMessage, HistoryLimits } from '../archive-queue.js';
import { isAfter, type Position, type StoredMessage } from '../broker.js';
import { KEY_MS } from '../publishing/idempotency-key.js';
import { sentAtOf } from '../publishing/sent-at.js';
import { bodyOf, storedFrame } from '../publishing/stored-frame.js';
import type { Restoration } from '../room-directory.js';

/** One room of `MemoryRooms`: its numbering, its recent history, and what of it waits to be archived. */
export class MemoryRoom {
  /** Everything up to here is in the database. */
  stored: Position = { epoch: 0, seq: 0 };
  /** Everything up to here was handed out: members and readers know nothing of what comes after it. */
  delivered: Position;
  /** The recent history, oldest first; at its end what was not handed out yet. */
  #history: StoredMessage[] = [];
  /** Keys of this turn, and of the one before: each is known for at least one turn. */
  #sent = new Map<string, Position>();
  #sentBefore = new Map<string, Position>();
  #turn = 0;

  /** The newest position that is known to be lost, and the epoch before which nothing goes on without a hole. */
  lost: { position: Position; wholeFrom: number } | undefined;

  /** @param at the position of the newest message, handed out or not @param generation undefined when not known */
  constructor(
    public at: Position,
    public generation?: number | undefined,
  ) {
    this.delivered = at;
  }

  /** What comes next has a later epoch. */
  beginEpoch(at: Position): void {
    const isDelivered = !isAfter(this.at, this.delivered);
    this.at = at;
    if (isDelivered) this.delivered = at;
  }

  append(body: string): Position {
    this.at = { epoch: this.at.epoch, seq: this.at.seq + 1 };
    this.#history.push(storedFrame(this.at, body));
    return this.at;
  }

  /** Hands out the messages up to there that were not handed out yet. */
  deliver(upTo: Position): StoredMessage[] {
    const start = this.#indexAfter(this.delivered);
    const messages = this.#history.slice(start, this.#indexAfter(upTo));
    const last = messages.at(-1);
    if (last !== undefined) this.delivered = { epoch: last.epoch, seq: last.seq };
    return messages;
  }

  /** Appends messages of the database under their own positions; nothing waits to be handed out. */
  restore({ messages, before }: Restoration, now: number): void {
    if (before === 'cut') this.#history = [];
    for (const { epoch, seq, body, idempotencyKey } of messages) {
      this.at = { epoch, seq };
      this.#history.push(storedFrame(this.at, body));
      if (idempotencyKey !== '') this.remember(idempotencyKey, this.at, now);
    }
    this.delivered = this.at;
    if (before !== 'unknown') this.stored = this.at;
  }

  /** The last message, if it is not known to be in the database. */
  get unstoredEnd(): Position | undefined {
    const last = this.isSettled ? undefined : this.#history.at(-1);
    return last && { epoch: last.epoch, seq: last.seq };
  }

  /** The messages that are not in the database. */
  get unstoredFrames(): StoredMessage[] {
    return this.#history.slice(this.#indexAfter(this.stored));
  }

  /** Number of messages that are not in the database. */
  get unstoredMessages(): number {
    return this.#history.length - this.#indexAfter(this.stored);
  }

  get isSettled(): boolean {
    return this.#indexAfter(this.stored) === this.#history.length;
  }

  /** The first messages that are not in the database. */
  unstored(limit: number): ArchiveMessage[] {
    const start = this.#indexAfter(this.stored);
    return this.#history.slice(start, start + limit).map((message) => ({
      epoch: message.epoch,
      seq: message.seq,
      body: bodyOf(message),
    }));
  }

  /** How many messages are not in the database, and when the first of them was sent. */
  get waiting(): { messages: number; oldestSentAt: number | undefined } {
    const start = this.#indexAfter(this.stored);
    const first = this.#history[start];
    return {
      messages: this.#history.length - start,
      oldestSentAt: first === undefined ? undefined : sentAtOf(bodyOf(first)),
    };
  }

  /** @returns the messages that are in the database by that, and were not before */
  settle(upTo: Position): StoredMessage[] {
    const settled = this.#history.slice(this.#indexAfter(this.stored), this.#indexAfter(upTo));
    const last = settled.at(-1);
    if (last !== undefined) this.stored = { epoch: last.epoch, seq: last.seq };
    return settled;
  }

  /** @returns when the oldest of the stored messages that stay becomes too old; undefined for never */
  trim({ size, maxAgeMs }: HistoryLimits, now: number): number | undefined {
    const stored = this.#indexAfter(this.stored);
    let trimmed = Math.min(stored, Math.max(0, this.#history.length - size));
    let tooOldAt: number | undefined;
    if (maxAgeMs > 0) {
      for (; trimmed < stored; trimmed++) {
        tooOldAt = sentAt(this.#history[trimmed]) + maxAgeMs;
        if (tooOldAt > now) break;
      }
    }
    if (trimmed > 0) this.#history = this.#history.slice(trimmed);
    return trimmed < stored ? tooOldAt : undefined;
  }

  /** The place of the message that had this key. @param now milliseconds of a clock that nobody sets */
  sentWith(key: string, now: number): Position | undefined {
    this.#enterTurn(now);
    return this.#sent.get(key) ?? this.#sentBefore.get(key);
  }

  /** Knows the key for at least one turn. @param now as for {@link sentWith} */
  remember(key: string, position: Position, now: number): void {
    this.#enterTurn(now);
    this.#sent.set(key, position);
  }

  between(after: Position, upTo: Position, limit: number): StoredMessage[] {
    const start = this.#indexAfter(after);
    return this.#history.slice(start, Math.min(this.#indexAfter(upTo), this.#end, start + limit));
  }

  before(before: Position | undefined, limit: number): StoredMessage[] {
    const end = before === undefined ? this.#end : Math.min(this.#indexFrom(before), this.#end);
    return this.#history.slice(Math.max(0, end - Math.max(0, limit)), end);
  }

  from(from: Position, limit: number): StoredMessage[] {
    const start = this.#indexFrom(from);
    return this.#history.slice(start, Math.min(this.#end, start + Math.max(0, limit)));
  }

  /** How many messages readers know of. */
  get #end(): number {
    return this.#indexAfter(this.delivered);
  }

  #enterTurn(now: number): void {
    const turn = Math.floor(now / KEY_MS);
    if (turn === this.#turn) return;
    this.#sentBefore = turn === this.#turn + 1 ? this.#sent : new Map();
    this.#sent = new Map();
    this.#turn = turn;
  }

  /** How many messages are before a position. */
  #indexFrom({ epoch, seq }: Position): number {
    return this.#indexAfter({ epoch, seq: seq - 1 });
  }

  /** How many messages are not after a position. */
  #indexAfter(position: Position): number {
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const message = this.#history[middle];
      if (message !== undefined && isAfter(message, position)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** One that does not say so counts as old. */
function sentAt(message: StoredMessage | undefined): number {
  return message === undefined ? 0 : (sentAtOf(bodyOf(message)) ?? 0);
}
