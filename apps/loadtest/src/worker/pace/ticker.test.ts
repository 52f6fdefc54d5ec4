import { expect } from 'chai';
import { Ticker } from './ticker.js';

/** Timers that fire on request. */
function fakeTime() {
  const time = { at: 0, timers: new Set<() => void>() };
  return {
    time,
    timing: {
      now: () => time.at,
      after: (_ms: number, action: () => void) => {
        time.timers.add(action);
        return () => time.timers.delete(action);
      },
    },
    fire: () => {
      const due = [...time.timers];
      time.timers.clear();
      for (const action of due) action();
    },
  };
}

describe('the ticker', () => {
  it('ticks once a second, by its timer', () => {
    const { time, timing, fire } = fakeTime();
    const ticks: number[] = [];
    new Ticker(100, timing, (second) => ticks.push(second));
    time.at = 1_099.5;
    fire();
    expect(ticks).to.deep.equal([]);
    time.at = 1_100;
    fire();
    expect(ticks).to.deep.equal([0]);
    time.at = 2_101;
    fire();
    expect(ticks).to.deep.equal([0, 1]);
  });

  it('needs no timer when it is poked, and does not tick twice', () => {
    const { time, timing, fire } = fakeTime();
    const ticks: number[] = [];
    const ticker = new Ticker(0, timing, (second) => ticks.push(second));
    time.at = 1_000;
    ticker.poke(1_000);
    ticker.poke(1_001);
    fire();
    expect(ticks).to.deep.equal([0]);
    expect(time.timers.size).to.equal(1);
    ticker.stop();
    ticker.poke(5_000);
    expect(ticks).to.deep.equal([0]);
    expect(time.timers.size).to.equal(0);
  });
});
