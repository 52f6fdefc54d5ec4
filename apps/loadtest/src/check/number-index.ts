const EMPTY = 0xffff_ffff;
/** Knuth's multiplicative hashing: 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e37_79b1;

/**
 * Index of each number in a list, in a fraction of the memory of a `Map`. Numbers are below 2^32 - 1, and are never
 * removed.
 */
export class NumberIndex {
  #size = 0;
  #bits = 4;
  #keys = new Uint32Array(1 << this.#bits).fill(EMPTY);
  #values = new Uint32Array(1 << this.#bits);

  /** Returns -1 for an unknown number. */
  get(number: number): number {
    const slot = this.#slot(number);
    return this.#keys[slot] === number ? (this.#values[slot] ?? -1) : -1;
  }

  set(number: number, value: number): void {
    let slot = this.#slot(number);
    if (this.#keys[slot] !== number) {
      this.#size++;
      if (this.#size * 2 > this.#keys.length) {
        this.#grow();
        slot = this.#slot(number);
      }
    }
    this.#keys[slot] = number;
    this.#values[slot] = value;
  }

  #slot(number: number): number {
    const last = this.#keys.length - 1;
    let slot = Math.imul(number, GOLDEN) >>> (32 - this.#bits);
    while (this.#keys[slot] !== EMPTY && this.#keys[slot] !== number) slot = (slot + 1) & last;
    return slot;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#bits++;
    this.#keys = new Uint32Array(1 << this.#bits).fill(EMPTY);
    this.#values = new Uint32Array(1 << this.#bits);
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from] ?? EMPTY;
      if (key === EMPTY) continue;
      const slot = this.#slot(key);
      this.#keys[slot] = key;
      this.#values[slot] = values[from] ?? 0;
    }
  }
}
