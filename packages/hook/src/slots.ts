interface Waiting {
  admit(admitted: boolean): void;
}

/** A fixed number of slots, which are given in the order of the requests. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<Waiting>();

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Takes a slot, which must be given back.
   * @param waitMs longest wait, in milliseconds
   * @returns whether there was one in time
   */
  async take(waitMs: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    return new Promise((resolve) => {
      const admit = (admitted: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        resolve(admitted);
      };
      const waiting = { admit };
      const timer = setTimeout(() => admit(false), waitMs);
      this.#waiting.add(waiting);
    });
  }

  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next.admit(true);
  }
}
