import { expect } from 'chai';
import { Gathering } from './gathering.js';

describe('gathering', () => {
  let now: number;
  let worked: number;
  let looks: number;
  let gathering: Gathering;

  /** Lets time pass in which the event loop works for that share of it, and reads the figure every 100 ms. */
  const pass = (ms: number, share: number): number => {
    for (let end = now + ms; now < end; ) {
      now += 100;
      worked += 100 * share;
      gathering.share();
    }
    return gathering.share();
  };

  beforeEach(() => {
    now = 5_000;
    worked = 1_000;
    looks = 0;
    gathering = new Gathering({
      now: () => now,
      worked: () => {
        looks++;
        return worked;
      },
    });
  });

  it('nothing is gathered as long as the event loop waits for work most of the time', () => {
    expect(gathering.share()).to.equal(0);
    expect(pass(60_000, 0.38)).to.equal(0);
  });

  it('grows to the maximum within a few seconds when the loop has little time left, and falls again', () => {
    expect(pass(300, 1)).to.be.within(0.5, 0.95);
    expect(pass(1_000, 1)).to.equal(1);
    expect(pass(60_000, 0.45)).to.equal(1);
    expect(pass(5_000, 0.1)).to.equal(0);
  });

  it('settles where the loop works for as long as aimed at', () => {
    /** Work that full gathering reduces by a third. */
    const share = (): number => 0.5 * (1 - gathering.share() / 3);
    for (let step = 0; step < 600; step++) pass(100, share());
    expect(share()).to.be.closeTo(0.4, 0.01);
    const settled = gathering.share();
    for (let step = 0; step < 100; step++) expect(pass(100, share())).to.be.closeTo(settled, 0.02);
  });

  it('a long interval without messages ends it, however long it was at work before', () => {
    pass(10_000, 1);
    now += 60_000;
    expect(gathering.share()).to.equal(0);
  });

  it('measures at most ten times per second', () => {
    const before = looks;
    for (let ms = 0; ms < 1_000; ms++) {
      now++;
      gathering.share();
    }
    expect(looks - before).to.equal(10);
  });

  it('grows in a process whose event loop does not rest', async () => {
    const real = new Gathering();
    const end = performance.now() + 600;
    while (performance.now() < end) {
      real.share();
      await new Promise(setImmediate);
    }
    expect(real.share()).to.be.above(0.3);
  });
});
