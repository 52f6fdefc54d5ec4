/** Runs what changes a room one after the other, and different rooms side by side. */
export class Turns {
  /** Only while there are some: a socket has none for nearly all of its life, and an empty map costs 180 bytes. */
  #last: Map<number, Promise<void>> | undefined;
  #pending = 0;

  /** How many have not ended yet. */
  get pending(): number {
    return this.#pending;
  }

  /** The rooms with some that have not ended yet. */
  get roomIds(): Iterable<number> {
    return this.#last?.keys() ?? [];
  }

  isBusy(roomId: number): boolean {
    return this.#last?.has(roomId) ?? false;
  }

  /** @param work must not reject */
  run(roomId: number, work: () => Promise<void>): void {
    this.#pending++;
    this.#last ??= new Map();
    const before = this.#last.get(roomId);
    const turn = (before === undefined ? work() : before.then(work)).finally(() => this.#ended(roomId, turn));
    this.#last.set(roomId, turn);
  }

  #ended(roomId: number, turn: Promise<void>): void {
    this.#pending--;
    if (this.#last?.get(roomId) === turn) this.#last.delete(roomId);
    if (this.#last?.size === 0) this.#last = undefined;
  }
}
