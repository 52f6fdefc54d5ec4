import { isAfter, type Position } from '../broker.js';

/** Messages that a feed cannot deliver. */
export interface HistoryLoss {
  /** What was delivered last before them. */
  readonly from: Position;
  /** They end here, as far as is known. */
  readonly to: Position;
  /** Whether the database has them; otherwise it may lack them as well. */
  readonly recoverable: boolean;
}

/** Epochs that a feed remembers the end of. */
const MOST_ENDS = 8;

/** Finds out which of the messages that a room has lost a feed has not delivered, and tells of them once. */
export class FeedLosses {
  /** Where the feed was when it went on to a later epoch, oldest first. */
  #ends: Array<{ readonly last: Position; readonly next: Position }> = [];
  #lost: Position | undefined;
  #told: Position | undefined;

  constructor(private readonly tell: (loss: HistoryLoss) => void) {}

  /** @param lost the newest position that the room is known to have lost @param at where the feed is */
  learn(lost: Position, at: Position): void {
    if (this.#lost !== undefined && !isAfter(lost, this.#lost)) return;
    this.#lost = lost;
    if (lost.epoch < at.epoch) this.#look();
  }

  /** What is known to be lost after a position. */
  since(since: Position, at: Position): HistoryLoss | undefined {
    const lost = this.#lost;
    if (lost === undefined || !isAfter(lost, since) || !isAfter(at, lost)) return undefined;
    return { from: since, to: lost, recoverable: false };
  }

  /** To be called before anything of the next epoch is delivered. */
  crossed(last: Position, next: Position): void {
    this.#ends.push({ last, next });
    if (this.#ends.length > MOST_ENDS) this.#ends.shift();
    this.#look();
  }

  #look(): void {
    const lost = this.#lost;
    if (lost === undefined || lost === this.#told) return;
    const end = this.#ends.find(({ last, next }) => !isAfter(last, lost) && next.epoch > lost.epoch);
    if (end === undefined) return;
    this.#told = lost;
    if (isAfter(lost, end.last)) this.tell({ from: end.last, to: lost, recoverable: false });
  }
}
