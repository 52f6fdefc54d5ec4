import { ManualClock } from '@chorus/testing';
import { expect } from 'chai';
import type { Timing } from './driver.js';
import { Ticker } from './ticker.js';

describe('the ticker', () => {
  it('ticks once a second, by its timer, which may fire a fraction early', async () => {
    const clock = new ManualClock(100);
    const early: Timing = {
      now: () => clock.now(),
      after: (ms, action) => clock.after(ms > 1 ? ms - 0.5 : ms, action),
    };
    const ticks: number[] = [];
    new Ticker(100, early, (second) => ticks.push(second));
    await clock.advance(999.5);
    expect(ticks).to.deep.equal([]);
    await clock.advance(0.5);
    expect(ticks).to.deep.equal([0]);
    await clock.advance(1_001);
    expect(ticks).to.deep.equal([0, 1]);
  });

  it('needs no timer when it is poked, and does not tick twice', async () => {
    const clock = new ManualClock();
    const ticks: number[] = [];
    const ticker = new Ticker(0, clock, (second) => ticks.push(second));
    clock.freeze(1_000);
    ticker.poke(1_000);
    ticker.poke(1_001);
    await clock.advance(999);
    expect(ticks).to.deep.equal([0]);
    expect(clock.timers).to.equal(1);
    ticker.stop();
    ticker.poke(5_000);
    expect(ticks).to.deep.equal([0]);
    expect(clock.timers).to.equal(0);
  });
});
