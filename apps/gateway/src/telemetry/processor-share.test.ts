import { expect } from 'chai';
import { ProcessorShare } from './processor-share.js';

describe('processor share', () => {
  let now: number;
  let spent: number;
  let looks: number;
  let share: ProcessorShare;

  /** Lets time pass in which the process is busy for that share, and reads the figure every 100 ms. */
  const pass = (ms: number, part: number): void => {
    for (let end = now + ms; now < end; ) {
      now += 100;
      spent += 100 * 1_000 * part;
      share.get();
    }
  };

  beforeEach(() => {
    now = 5_000;
    spent = 1_000_000;
    looks = 0;
    share = new ProcessorShare({
      now: () => now,
      spent: () => {
        looks++;
        return spent;
      },
    });
  });

  it('starts at 0 and approaches the actual share', () => {
    expect(share.get()).to.equal(0);
    pass(3_000, 0.6);
    expect(share.get()).to.be.closeTo(0.6, 0.01);
    pass(3_000, 0.1);
    expect(share.get()).to.be.closeTo(0.1, 0.01);
  });

  it('does not jump for a short burst', () => {
    pass(2_000, 0.1);
    pass(100, 1);
    expect(share.get()).to.be.below(0.4);
  });

  it('takes over a new measurement after a long pause', () => {
    pass(2_000, 0.9);
    now += 5_000;
    spent += 5_000 * 1_000 * 0.02;
    expect(share.get()).to.be.closeTo(0.02, 0.001);
  });

  it('is one core at most', () => {
    pass(3_000, 1.8);
    expect(share.get()).to.be.closeTo(1, 0.01);
  });

  it('measures at most ten times per second', () => {
    const before = looks;
    for (let ms = 0; ms < 1_000; ms++) {
      now++;
      share.get();
    }
    expect(looks - before).to.equal(10);
  });

  it('measures a real busy process', () => {
    const real = new ProcessorShare();
    const begun = performance.now();
    const before = process.cpuUsage();
    const spentMs = (): number => process.cpuUsage(before).user / 1_000;
    // Longer than the time after which older measurements are dropped.
    while (spentMs() < 200 || performance.now() - begun < 1_200);
    const least = spentMs() / (performance.now() - begun + 10);
    expect(real.get()).to.be.within(0.9 * least, 1);
  });
});
