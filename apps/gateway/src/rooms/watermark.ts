import { isAfter, type Position } from '@chorus/protocol';

/** A session that waits until messages of its client are in the database. */
export interface Waiter {
  stored(roomId: number, upTo: Position): void;
}

/** Dependencies that all watermarks of a node share. */
export interface WatermarkParts {
  /** Asks up to where a room is stored; rejects as `Broker.stored` does. */
  read(roomId: number): Promise<Position>;
  /** Watermarks that sessions wait for. */
  readonly awaited: Set<Watermark>;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

/** The interval between reads grows, while a watermark does not rise, up to this many times the initial one. */
const RAREST = 16;

/** Positions of the first and the last message of a waiter that are not stored yet. */
interface Span {
  first: Position;
  last: Position;
}

/**
 * Position up to which the messages of one room are in the database, as far as this node knows, and the sessions that
 * wait for it to rise. Read once from the broker, then kept up to date by the archivers' notices.
 */
export class Watermark {
  #at: Position | undefined;
  #reading: Promise<Position> | undefined;
  readonly #waiting = new Map<Waiter, Span>();
  /** Time of the last rise, the last read in vain, or the first wait; in milliseconds. */
  #quietSince = 0;
  /** Number of reads in vain since the last rise. */
  #inVain = 0;

  constructor(
    readonly roomId: number,
    private readonly parts: WatermarkParts,
  ) {}

  /** Number of waiting sessions. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether it should be read again. @param quietMs time without a rise before the first read, in milliseconds */
  isDue(quietMs: number): boolean {
    const factor = Math.min(2 ** this.#inVain, RAREST);
    return this.#waiting.size > 0 && this.parts.now() - this.#quietSince >= quietMs * factor;
  }

  /** The watermark, if it was read already. */
  get at(): Position | undefined {
    return this.#at;
  }

  /** The watermark; the first call reads it from the broker. @throws {UnavailableError} */
  known(): Promise<Position> {
    if (this.#at !== undefined) return Promise.resolve(this.#at);
    return this.refresh();
  }

  /** Reads the watermark from the broker. Concurrent calls share one query. @throws {UnavailableError} */
  refresh(): Promise<Position> {
    const before = this.#at;
    this.#reading ??= this.parts
      .read(this.roomId)
      .then((position) => this.rise(position))
      .finally(() => {
        this.#reading = undefined;
        this.#quietSince = this.parts.now();
        if (this.#at === before) this.#inVain++;
      });
    return this.#reading;
  }

  /** Raises the watermark to a position. @returns the watermark, which never falls */
  rise(upTo: Position): Position {
    if (this.#at !== undefined && !isAfter(upTo, this.#at)) return this.#at;
    this.#at = upTo;
    this.#quietSince = this.parts.now();
    this.#inVain = 0;
    for (const [waiter, span] of this.#waiting) {
      if (isAfter(span.first, upTo)) continue;
      if (isAfter(span.last, upTo)) span.first = { epoch: upTo.epoch, seq: upTo.seq + 1 };
      else this.#waiting.delete(waiter);
      waiter.stored(this.roomId, upTo);
    }
    this.#noteAwaited();
    return upTo;
  }

  /** Notifies the waiter when its message at that position is stored; at once if it is. */
  await(waiter: Waiter, position: Position): void {
    if (this.#at !== undefined && !isAfter(position, this.#at)) {
      waiter.stored(this.roomId, this.#at);
      return;
    }
    if (this.#waiting.size === 0) {
      this.#quietSince = this.parts.now();
      this.#inVain = 0;
    }
    const span = this.#waiting.get(waiter);
    if (span === undefined) this.#waiting.set(waiter, { first: position, last: position });
    else if (isAfter(position, span.last)) span.last = position;
    else if (isAfter(span.first, position)) span.first = position;
    this.#noteAwaited();
  }

  /** Removes a session that no longer waits. */
  forget(waiter: Waiter): void {
    if (this.#waiting.delete(waiter)) this.#noteAwaited();
  }

  #noteAwaited(): void {
    if (this.#waiting.size > 0) this.parts.awaited.add(this);
    else this.parts.awaited.delete(this);
  }
}
