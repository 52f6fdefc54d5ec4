import { expect } from 'chai';
import { createPrng } from './prng.js';

describe('numbers from a seed', () => {
  it('are the same for the same seed', () => {
    const numbers = (seed: number): number[] => Array.from({ length: 5 }, createPrng(seed).next);
    expect(numbers(7)).to.deep.equal(numbers(7));
    expect(numbers(7)).to.not.deep.equal(numbers(8));
  });

  it('spread evenly over the range, both bounds included', () => {
    const prng = createPrng(1);
    const counts = new Map<number, number>();
    for (let index = 0; index < 40_000; index++) {
      const number = prng.between(1, 4);
      counts.set(number, (counts.get(number) ?? 0) + 1);
    }
    expect([...counts.keys()]).to.have.members([1, 2, 3, 4]);
    for (const count of counts.values()) expect(count).to.be.within(9_500, 10_500);
  });

  it('stay below a limit', () => {
    const prng = createPrng(2);
    const numbers = new Set(Array.from({ length: 1_000 }, () => prng.below(3)));
    expect([...numbers].sort()).to.deep.equal([0, 1, 2]);
  });

  it('shuffle without losing an item', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = createPrng(5).shuffled(items);
    expect(shuffled).to.have.members(items).and.not.deep.equal(items);
  });

  it('pick an item, and none of an empty list', () => {
    expect([1, 2, 3]).to.include(createPrng(5).pick([1, 2, 3]));
    expect(() => createPrng(5).pick([])).to.throw(RangeError);
  });
});
