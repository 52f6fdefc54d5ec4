/** Runs what changes a room one after the other, and different rooms side by side. */
export class Turns {
  readonly #last = new Map<number, Promise<void>>();
  #pending = 0;

  /** How many have not ended yet. */
  get pending(): number {
    return this.#pending;
  }

  /** The rooms with some that have not ended yet. */
  get roomIds(): Iterable<number> {
    return this.#last.keys();
  }

  isBusy(roomId: number): boolean {
    return this.#last.has(roomId);
  }

  /** @param work must not reject */
  run(roomId: number, work: () => Promise<void>): void {
    this.#pending++;
    const before = this.#last.get(roomId);
    const turn = (before === undefined ? work() : before.then(work)).finally(() => {
      this.#pending--;
      if (this.#last.get(roomId) === turn) this.#last.delete(roomId);
    });
    this.#last.set(roomId, turn);
  }
}
