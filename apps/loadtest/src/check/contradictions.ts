import type { RoomView } from './room-report.js';

/** Finds messages that arrived later than they should have, in the order in which they were received. */
export class Contradictions {
  readonly #highest = new Map<number, number>();
  #epoch = -1;
  #seq = -1;

  /**
   * @param mayBeLate whether the message at an index may come later than the next one of its sender: a message that
   *   was never accepted has no guaranteed order
   */
  constructor(
    private readonly view: Pick<RoomView, 'order' | 'senders' | 'epochs' | 'seqs'>,
    private readonly mayBeLate: (index: number) => boolean,
  ) {}

  /** Returns why the message at this index of the list comes too late; undefined if it does not. */
  next(index: number): string | undefined {
    const { order, senders, epochs, seqs } = this.view;
    const number = order[index] ?? 0;
    const sender = senders[index] ?? 0;
    const epoch = epochs[index] ?? -1;
    const seq = seqs[index] ?? -1;
    const highest = this.#highest.get(sender) ?? -1;
    if (number > highest) this.#highest.set(sender, number);
    const isAbove = epoch > this.#epoch || (epoch === this.#epoch && seq > this.#seq);
    if (seq >= 0 && isAbove) {
      this.#epoch = epoch;
      this.#seq = seq;
    }
    if (highest > number && !this.mayBeLate(index)) return `after ${highest} of the same sender`;
    if (seq >= 0 && !isAbove) return `with position ${epoch}-${seq} after ${this.#epoch}-${this.#seq}`;
    return undefined;
  }
}
