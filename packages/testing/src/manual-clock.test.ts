import { expect } from 'chai';
import { ManualClock } from './manual-clock.js';

describe('a clock that tests move', () => {
  it('makes calls in order of their time, also those that they ask for', async () => {
    const clock = new ManualClock();
    const calls: string[] = [];
    clock.after(20, () => calls.push(`second at ${clock.now()}`));
    clock.after(10, () => {
      calls.push(`first at ${clock.now()}`);
      clock.after(5, () => calls.push(`between at ${clock.now()}`));
    });
    const cancel = clock.after(12, () => calls.push('cancelled'));
    cancel();
    expect(clock.next).to.equal(10);
    await clock.advance(20);
    expect(calls).to.deep.equal(['first at 10', 'between at 15', 'second at 20']);
    expect(clock.timers).to.equal(0);
  });

  it('makes calls late after it stood still', async () => {
    const clock = new ManualClock();
    let calledAt: number | undefined;
    clock.after(10, () => {
      calledAt = clock.now();
    });
    clock.freeze(100);
    expect(calledAt).to.equal(undefined);
    await clock.advance(0);
    expect(calledAt).to.equal(100);
  });
});
