/** A source of numbers that a seed determines. Not for secrets. */
export interface Prng {
  /** A number from 0 to 1, excluding 1. */
  next(): number;
  /** A whole number from 0 to `limit`, excluding `limit`. */
  below(limit: number): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** @throws {RangeError} if there are no items */
  pick<T>(items: readonly T[]): T;
  /** Copy of the items in random order. */
  shuffled<T>(items: readonly T[]): T[];
}

/** Mulberry32, by Tommy Ettinger (public domain): 32 bits of state. */
export function createPrng(seed: number): Prng {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const between = (min: number, max: number): number => min + below(max - min + 1);
  return {
    next,
    below,
    between,
    pick(items) {
      if (items.length === 0) throw new RangeError('no items to pick from');
      return items[below(items.length)] as (typeof items)[number];
    },
    shuffled(items) {
      const result = [...items];
      for (let index = result.length - 1; index > 0; index--) {
        const other = between(0, index);
        [result[index], result[other]] = [result[other], result[index]] as [never, never];
      }
      return result;
    },
  };
}
