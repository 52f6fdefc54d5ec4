import { isAfter, type Position } from '@chorus/protocol';

/** Somebody who wants to know when messages of theirs are in the database. */
export interface Waiter {
  stored(roomId: number, upTo: Position): void;
}

/** What watermarks share. */
export interface WatermarkParts {
  /** Asks up to where a room is stored; rejects as `Broker.stored` does. */
  ask(roomId: number): Promise<Position>;
  /** Those for which somebody waits. */
  readonly awaited: Set<Watermark>;
}

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
  /** When it last rose, or somebody began to wait; in the caller's milliseconds. */
  #quietSince = 0;

  constructor(
    readonly roomId: number,
    private readonly parts: WatermarkParts,
  ) {}

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Since when nothing has been heard, while somebody waits. */
  get quietSince(): number {
    return this.#quietSince;
  }

  /**
   * The watermark, which may have risen already.
   * @throws {BrokerUnavailableError}
   */
  known(): Promise<Position> {
    if (this.#at !== undefined) return Promise.resolve(this.#at);
    return this.refresh();
  }

  /** Asks again. Any number of callers share one question. @throws {BrokerUnavailableError} */
  refresh(): Promise<Position> {
    this.#asking ??= this.parts
      .ask(this.roomId)
      .then((position) => this.rise(position))
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  /** Everything up to there is stored. @returns the watermark, which never falls */
  rise(upTo: Position): Position {
    if (this.#at !== undefined && !isAfter(upTo, this.#at)) return this.#at;
    this.#at = upTo;
    this.#quietSince = Date.now();
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
    if (this.#waiting.size === 0) this.#quietSince = Date.now();
    const span = this.#waiting.get(waiter);
    if (span === undefined) this.#waiting.set(waiter, { first: position, last: position });
    else if (isAfter(position, span.last)) span.last = position;
    else if (isAfter(span.first, position)) span.first = position;
    this.#noteAwaited();
  }

  /** Nobody needs to be told any more. */
  forget(waiter: Waiter): void {
    if (this.#waiting.delete(waiter)) this.#noteAwaited();
  }

  #noteAwaited(): void {
    if (this.#waiting.size > 0) this.parts.awaited.add(this);
    else this.parts.awaited.delete(this);
  }
}
