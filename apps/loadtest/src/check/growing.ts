/** Returns the array itself, or a copy with at least twice its length, so that an element at `index` can be set. */
export function withRoomFor<T extends Uint32Array | Float64Array>(array: T, index: number): T {
  if (index < array.length) return array;
  const Kind = array.constructor as new (length: number) => T;
  const larger = new Kind(Math.max(16, array.length * 2, index + 1));
  larger.set(array);
  return larger;
}

/** A growing list of numbers below 2^32. */
export class NumberList {
  length = 0;
  #numbers = new Uint32Array(0);

  push(number: number): void {
    this.#numbers = withRoomFor(this.#numbers, this.length);
    this.#numbers[this.length++] = number;
  }

  toArray(): Uint32Array {
    return this.#numbers.slice(0, this.length);
  }
}
