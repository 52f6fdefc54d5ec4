import { expect } from 'chai';
import { type Attempt, searchRate } from './search-rate.js';

const OPTIONS = { first: 100, step: 2, halvings: 3, atMost: 10_000, atLeast: 10 };

describe('searchRate', () => {
  let tried: number[];

  beforeEach(() => {
    tried = [];
  });

  const upTo =
    (limit: number) =>
    async (rate: number): Promise<Attempt> => {
      tried.push(rate);
      return rate <= limit ? { passed: true } : { passed: false, why: `over ${limit}` };
    };

  it('rises until one fails, and then searches between the last two', async () => {
    const found = await searchRate(upTo(500), OPTIONS);
    expect(tried.slice(0, 4)).to.deep.equal([100, 200, 400, 800]);
    expect(tried).to.have.length(7);
    expect(found.rate).to.be.greaterThan(400).and.at.most(500);
    expect(found.why).to.equal('over 500');
  });

  it('falls when the first one fails', async () => {
    const found = await searchRate(upTo(30), { ...OPTIONS, halvings: 0 });
    expect(tried).to.deep.equal([100, 50, 25]);
    expect(found).to.deep.equal({ rate: 25, why: 'over 30' });
  });

  it('finds none where none passes', async () => {
    expect(await searchRate(upTo(1), OPTIONS)).to.deep.equal({ rate: 0, why: 'over 1' });
    expect(tried).to.deep.equal([100, 50, 25, 12.5]);
  });

  it('reports that it found no limit', async () => {
    expect(await searchRate(upTo(1_000_000), OPTIONS)).to.deep.equal({ rate: 6_400, why: undefined });
  });
});
