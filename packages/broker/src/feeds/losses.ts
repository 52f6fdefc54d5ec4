import { isAfter, type Position } from '../broker.js';

/** Messages that a feed cannot deliver. */
export interface HistoryLoss {
  /** Position of the last delivery before them. */
  readonly from: Position;
  /** Messages are missing at least up to this position. */
  readonly to: Position;
  /** Whether the database has the messages; if not, it may lack them, too. */
  readonly recoverable: boolean;
}

/** Number of epoch changes that a feed remembers. */
const MOST_ENDS = 8;

/** Determines which lost messages of a room a feed has not delivered, and reports each loss once. */
export class FeedLosses {
  /** Positions at which the feed changed epochs, oldest first. */
  #ends: Array<{ readonly last: Position; readonly next: Position }> = [];
  #lost: Position | undefined;
  #told: Position | undefined;

  constructor(private readonly tell: (loss: HistoryLoss) => void) {}

  /** @param lost the newest position that the room is known to have lost @param at position of the feed */
  learn(lost: Position, at: Position): void {
    if (this.#lost !== undefined && !isAfter(lost, this.#lost)) return;
    this.#lost = lost;
    if (lost.epoch < at.epoch) this.#look();
  }

  /** Known losses after a position. */
  since(since: Position, at: Position): HistoryLoss | undefined {
    const lost = this.#lost;
    if (lost === undefined || !isAfter(lost, since) || !isAfter(at, lost)) return undefined;
    return { from: since, to: lost, recoverable: false };
  }

  /** To be called before the first delivery of the next epoch. */
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
