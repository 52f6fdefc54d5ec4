import { isAfter, type Position, type StoredMessage } from './broker.js';
import { storedFrame } from './stored-frame.js';

/** Keys are remembered in two maps by turns of this length, in milliseconds, so each for at least one turn. */
const TURN_MS = 300_000;
/** What a message counts for the budget beside its body, in bytes: as in Redis. */
const OVERHEAD = 128;

/** One room of `MemoryRooms`: its numbering, its recent history, and what of it waits to be archived. */
export class MemoryRoom {
  /** Everything up to here is in the database. */
  stored: Position = { epoch: 0, seq: 0 };
  /** Bytes of the messages after that, as they count for the budget. */
  unstoredBytes = 0;
  /** The recent history, oldest first. */
  #history: StoredMessage[] = [];
  #sent = new Map<string, Position>();
  #sentBefore = new Map<string, Position>();
  #turn = 0;

  constructor(public at: Position) {}

  append(body: string): StoredMessage {
    this.at = { epoch: this.at.epoch, seq: this.at.seq + 1 };
    const message = storedFrame(this.at, body);
    this.#history.push(message);
    return message;
  }

  /** The place of the message that had this key. */
  sentWith(key: string, now: number): Position | undefined {
    const turn = Math.floor(now / TURN_MS);
    if (turn !== this.#turn) {
      this.#sentBefore = turn === this.#turn + 1 ? this.#sent : new Map();
      this.#sent = new Map();
      this.#turn = turn;
    }
    return this.#sent.get(key) ?? this.#sentBefore.get(key);
  }

  /** Call after {@link sentWith}. */
  remember(key: string, position: Position): void {
    this.#sent.set(key, position);
  }

  between(after: Position, upTo: Position, limit: number): StoredMessage[] {
    const start = this.#indexAfter(after);
    return this.#history.slice(start, Math.min(this.#indexAfter(upTo), start + limit));
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

/** Bytes that a message counts for the budget. */
export function costOf(body: string): number {
  return Buffer.byteLength(body) + OVERHEAD;
}
