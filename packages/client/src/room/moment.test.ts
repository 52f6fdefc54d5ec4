import { expect } from 'chai';
import { ageOf, moment } from './moment.js';

describe('a moment', () => {
  const { now: wallNow } = Date;
  const { now: monotonicNow } = performance;
  let wall: number;
  let monotonic: number;

  beforeEach(() => {
    [wall, monotonic] = [1_700_000_000_000, 5_000];
    Date.now = () => wall;
    performance.now = () => monotonic;
  });
  afterEach(() => {
    Date.now = wallNow;
    performance.now = monotonicNow;
  });

  function pass(wallMs: number, monotonicMs: number): void {
    wall += wallMs;
    monotonic += monotonicMs;
  }

  it('grows older as time passes', () => {
    const then = moment();
    pass(300, 300);
    expect(ageOf(then)).to.equal(300);
  });

  it('grows older although the clock is set back, and while the machine sleeps', () => {
    const then = moment();
    pass(-3_600_000, 1_000);
    expect(ageOf(then)).to.equal(1_000);
    pass(3_600_000 + 600_000, 0);
    expect(ageOf(then)).to.equal(600_000);
  });
});
