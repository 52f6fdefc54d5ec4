import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { RecentCounts } from './recent-counts.js';

describe('counts of the recent past', () => {
  it('are kept by key and expire', async () => {
    const counts = new RecentCounts(20);
    counts.add('a');
    counts.add('a');
    expect([counts.of('a'), counts.of('b')]).to.deep.equal([2, 0]);
    while (counts.of('a') > 0) await sleep(1);
    counts.add('a');
    expect(counts.of('a')).to.equal(1);
  });

  it('are removed one by one, and never become negative', () => {
    const counts = new RecentCounts(60_000);
    counts.remove('a');
    counts.add('a');
    counts.remove('a');
    counts.remove('a');
    expect(counts.of('a')).to.equal(0);
  });

  it('have a limit of keys, beyond which new keys are not counted', () => {
    const counts = new RecentCounts(60_000, 2);
    for (const key of ['a', 'b', 'c', 'a']) counts.add(key);
    expect(['a', 'b', 'c'].map((key) => counts.of(key))).to.deep.equal([2, 1, 0]);
  });
});
