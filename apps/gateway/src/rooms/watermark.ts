import { isAfter, type Position } from '@chorus/protocol';

/** A session that waits until messages of its client are in the database. */
export interface Waiter {
  stored(roomId: number, upTo: Position): void;
}

/** What watermarks share. */
export interface WatermarkParts {
  /** Asks up to where a room is stored; rejects as `Broker.stored` does. */
  ask(roomId: number): Promise<Position>;
  /** Watermarks that sessions wait for. */
  readonly awaited: Set<Watermark>;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

/** A watermark that does not rise is asked for less and less often, down to one time in so many. */
const RAREST = 16;

/** The positions of a waiter's messages that are not stored yet: none before the first, none after the last. */
interface Span {
  first: Position;
  last: Position;
}

/**
 * Up to where the messages of one room are stored in the database, as far as this node knows, and who waits
 * for more. Asked for once, then kept up to date by what the archivers tell.
 */
export class Watermark {
  #at: Position | undefined;
  #asking: Promise<Position> | undefined;
  readonly #waiting = new Map<Waiter, Span>();
  /** When it last rose, was read in vain, or a session began to wait; in milliseconds. */
  #quietSince = 0;
  /** How often it has been asked for in vain since it last rose. */
  #inVain = 0;

  constructor(
    readonly roomId: number,
    private readonly parts: WatermarkParts,
  ) {}

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether it should be read again. @param quietMs how long it may stay as it is while a session waits, in milliseconds */
  isDue(quietMs: number): boolean {
    const factor = Math.min(2 ** this.#inVain, RAREST);
    return this.#waiting.size > 0 && this.parts.now() - this.#quietSince >= quietMs * factor;
  }

  /**
   * The watermark, which may have risen already.
   * @throws {UnavailableError}
   */
  known(): Promise<Position> {
    if (this.#at !== undefined) return Promise.resolve(this.#at);
    return this.refresh();
  }

  /** Asks again. Any number of callers share one question. @throws {UnavailableError} */
  refresh(): Promise<Position> {
    const before = this.#at;
    this.#asking ??= this.parts
      .ask(this.roomId)
      .then((position) => this.rise(position))
      .finally(() => {
        this.#asking = undefined;
        this.#quietSince = this.parts.now();
        if (this.#at === before) this.#inVain++;
      });
    return this.#asking;
  }

  /** Everything up to there is stored. @returns the watermark, which never falls */
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

  /** Tells the waiter when its message at that position is stored: at once if it is. */
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

  /** The session does not wait any more. */
  forget(waiter: Waiter): void {
    if (this.#waiting.delete(waiter)) this.#noteAwaited();
  }

  #noteAwaited(): void {
    if (this.#waiting.size > 0) this.parts.awaited.add(this);
    else this.parts.awaited.delete(this);
  }
}
