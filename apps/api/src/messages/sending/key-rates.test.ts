import { expect } from 'chai';
import { KeyRates, type LimitedKey } from './key-rates.js';

describe('the budget of an API key', () => {
  const KEY: LimitedKey = { id: 'one' };
  const START = 5_000;
  let rates: KeyRates;

  beforeEach(() => {
    rates = new KeyRates(10);
  });

  /** Number of single messages that are sent at one moment. */
  function burst(now: number, key = KEY): number {
    for (let sent = 0; ; sent++) if (rates.take(key, 1, now) > 0) return sent;
  }

  it('has the messages of a second, and fills up steadily', () => {
    expect(burst(START)).to.equal(10);
    expect(rates.take(KEY, 1, START)).to.be.closeTo(100, 0.01);
    expect(burst(START + 300)).to.equal(3);
    expect(burst(START + 60_000)).to.equal(10);
  });

  it('may be overdrawn by a batch, which later messages wait for', () => {
    expect(rates.take(KEY, 100, START)).to.equal(0);
    expect(rates.take(KEY, 1, START)).to.be.closeTo(9_100, 0.01);
    expect(burst(START + 9_050)).to.equal(0);
    expect(burst(START + 9_150)).to.equal(1);
  });

  it('is of one key alone, which may have a limit of its own', () => {
    expect(burst(START)).to.equal(10);
    expect(burst(START, { id: 'two' })).to.equal(10);
    expect(burst(START, { id: 'three', messagesPerSecond: 3 })).to.equal(3);
  });

  it('is forgotten once it is full', () => {
    for (let key = 0; key < 3_000; key++) rates.take({ id: `k${key}` }, 1, START + key * 1_000);
    expect(burst(START + 3_000_000, { id: 'k2999' })).to.equal(10);
  });
});
