/** Skipped indexes, as ascending ranges of two numbers each: the first, and one after the last. */
export class Gaps {
  readonly #bounds: number[] = [];

  /** @param from not below the end of the last range */
  skip(from: number, to: number): void {
    this.#bounds.push(from, to);
  }

  /** Removes one index; false when it is not in any range. */
  fill(index: number): boolean {
    const bounds = this.#bounds;
    let [low, high] = [0, bounds.length >> 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bounds[middle * 2 + 1] ?? 0) > index) high = middle;
      else low = middle + 1;
    }
    const at = low * 2;
    const [from, to] = [bounds[at], bounds[at + 1]];
    if (from === undefined || to === undefined || from > index) return false;
    if (from === index && to === index + 1) bounds.splice(at, 2);
    else if (from === index) bounds[at] = index + 1;
    else if (to === index + 1) bounds[at + 1] = index;
    else bounds.splice(at + 1, 0, index, index + 1);
    return true;
  }

  toArray(): Uint32Array {
    return Uint32Array.from(this.#bounds);
  }
}
