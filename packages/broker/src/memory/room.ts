import { isChangeBody, type RoomKind } from '@chorus/protocol';
import type { ArchiveMessage, HistoryLimits } from '../archive-queue.js';
import { isAfter, type Position, type StoredMessage } from '../broker.js';
import { KEY_MS } from '../publishing/idempotency-key.js';
import { sentAtOf } from '../publishing/sent-at.js';
import { bodyOf, erasedFrame, storedFrame } from '../publishing/stored-frame.js';
import type { MirroredRoom, Restoration, RoomSize } from '../room-directory.js';

/** One room of `MemoryRoomStore`: its numbering, its recent history, and its backlog. */
export class MemoryRoom {
  /** Everything up to here is in the database. */
  stored: Position = { epoch: 0, seq: 0 };
  /** Everything up to here was delivered: members and readers know nothing of later messages. */
  delivered: Position;
  /** The recent history, oldest first; ends with messages that are not delivered yet. */
  #history: StoredMessage[] = [];
  /** Keys of the current period and of the previous one: each key is known for at least one period. */
  #sent = new Map<string, Position>();
  #sentBefore = new Map<string, Position>();
  #turn = 0;

  /** The newest position known to be lost, and the epoch before which no position can be resumed without a gap. */
  lost: { position: Position; wholeFrom: number } | undefined;

  /** @param at position of the newest message, delivered or not @param generation undefined if unknown */
  constructor(
    public at: Position,
    public generation?: number | undefined,
    public kind: RoomKind = 'public',
    public size: RoomSize = 'empty',
    /** Number of entries up to {@link at} that are not messages. */
    public changes = 0,
  ) {
    this.delivered = at;
  }

  /** Continues in a later epoch. */
  beginEpoch(at: Position): void {
    const isDelivered = !isAfter(this.at, this.delivered);
    this.at = at;
    if (isDelivered) this.delivered = at;
  }

  /** Whether the room has members. */
  get isFollowed(): boolean {
    return this.kind !== 'public' || this.size !== 'empty';
  }

  append(body: string): Position {
    this.at = { epoch: this.at.epoch, seq: this.at.seq + 1 };
    if (isChangeBody(body)) this.changes++;
    this.#history.push(storedFrame(this.at, body, this.changes));
    return this.at;
  }

  /** Delivers the messages up to that position. @returns those that were not delivered before */
  deliver(upTo: Position): StoredMessage[] {
    const start = this.#indexAfter(this.delivered);
    const messages = this.#history.slice(start, this.#indexAfter(upTo));
    const last = messages.at(-1);
    if (last !== undefined) this.delivered = { epoch: last.epoch, seq: last.seq };
    return messages;
  }

  /** Appends messages of the database at their own positions; none of them waits to be delivered. */
  restore({ room, messages, before }: Restoration, now: number): void {
    this.#learnTraits(room);
    if (before === 'cut') this.#history = [];
    for (const { epoch, seq, body, idempotencyKey, changes = 0 } of messages) {
      const last = this.#history.at(-1);
      if (last?.epoch === epoch) {
        // Between two entries of an epoch the database lacks only erased ones.
        for (let gap = last.seq + 1; gap < seq; gap++) {
          this.#history.push(erasedFrame(room.id, { epoch, seq: gap }));
        }
      }
      this.at = { epoch, seq };
      this.changes = changes;
      this.#history.push(storedFrame(this.at, body, changes));
      if (idempotencyKey !== '') this.remember(idempotencyKey, this.at, now);
    }
    this.delivered = this.at;
    if (before !== 'unknown') this.stored = this.at;
  }

  /** Continues the numbers of the restored room in a new epoch, and its ordinals from the highest known one. */
  complete({ last, changes = 0 }: MirroredRoom, epoch: number): void {
    const ordinal = Math.max(last.seq - changes, this.at.seq - this.changes);
    this.beginEpoch({ epoch, seq: Math.max(this.at.seq, last.seq) });
    this.changes = this.at.seq - ordinal;
  }

  /** Takes over what the database knows. The room has all its entries. */
  learn(mirrored: MirroredRoom): void {
    this.#learnTraits(mirrored);
    this.changes = Math.max(this.changes, mirrored.changes ?? 0);
  }

  /** The last message, unless it is known to be in the database. */
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
      ...(message.changes === undefined ? {} : { changes: message.changes }),
    }));
  }

  /** Replaces entries by what readers get in the places of erased ones. */
  erase(roomId: number, positions: readonly Position[]): void {
    for (const position of positions) {
      const index = this.#indexAfter(position) - 1;
      const entry = this.#history[index];
      if (entry?.epoch !== position.epoch || entry.seq !== position.seq) continue;
      this.#history[index] = erasedFrame(roomId, position, entry.changes);
    }
  }

  /** Number of messages that are not in the database, and the time at which the first of them was sent. */
  get waiting(): { messages: number; oldestSentAt: number | undefined } {
    const start = this.#indexAfter(this.stored);
    const first = this.#history[start];
    return {
      messages: this.#history.length - start,
      oldestSentAt: first === undefined ? undefined : sentAtOf(bodyOf(first)),
    };
  }

  /** Ordinal of the last message up to a position; undefined if unknown. */
  ordinalAt(position: Position): number | undefined {
    if (!isAfter(this.at, position)) return this.at.seq - this.changes;
    if (position.epoch === 0) return 0;
    const entry = this.#history[this.#indexAfter(position) - 1];
    if (entry?.epoch !== position.epoch || entry.seq !== position.seq) return undefined;
    return entry.seq - (entry.changes ?? 0);
  }

  /** Raises the watermark. @returns the messages that are in the database now, and were not before */
  settle(upTo: Position): StoredMessage[] {
    const settled = this.#history.slice(this.#indexAfter(this.stored), this.#indexAfter(upTo));
    const last = settled.at(-1);
    if (last !== undefined) this.stored = { epoch: last.epoch, seq: last.seq };
    return settled;
  }

  /** Trims the history. @returns the time at which the oldest stored message becomes too old; undefined for never */
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

  /** Position of the message with this key. @param now milliseconds of a monotonic clock */
  sentWith(key: string, now: number): Position | undefined {
    this.#enterTurn(now);
    return this.#sent.get(key) ?? this.#sentBefore.get(key);
  }

  /** Remembers the key for at least one period. @param now as for {@link sentWith} */
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

  /** Number of messages that readers know of. */
  get #end(): number {
    return this.#indexAfter(this.delivered);
  }

  /** The database was read before, and a member may have been added since: news of the room do not end by this. */
  #learnTraits({ kind = 'public', size = 'empty' }: MirroredRoom): void {
    this.kind = kind;
    if (size !== 'empty') this.size = size;
    else if (this.size !== 'empty') this.size = 'large';
  }

  #enterTurn(now: number): void {
    const turn = Math.floor(now / KEY_MS);
    if (turn === this.#turn) return;
    this.#sentBefore = turn === this.#turn + 1 ? this.#sent : new Map();
    this.#sent = new Map();
    this.#turn = turn;
  }

  /** Number of messages before a position. */
  #indexFrom({ epoch, seq }: Position): number {
    return this.#indexAfter({ epoch, seq: seq - 1 });
  }

  /** Number of messages up to a position. */
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

/** A message without the field counts as old. */
function sentAt(message: StoredMessage | undefined): number {
  return message === undefined ? 0 : (sentAtOf(bodyOf(message)) ?? 0);
}
