import { expect } from 'chai';
import { fullJitter } from './backoff.js';

describe('full jitter', () => {
  it('spreads waits between zero and a bound that doubles up to a cap', () => {
    const backoff = { baseMs: 100, capMs: 1_000 };
    const bounds = [0, 1, 2, 3, 4, 50].map((attempt) => fullJitter(attempt, backoff, () => 1));
    expect(bounds).to.deep.equal([100, 200, 400, 800, 1_000, 1_000]);
    expect(fullJitter(3, backoff, () => 0)).to.equal(0);
  });
});
