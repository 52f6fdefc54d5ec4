import { expect } from 'chai';
import { batch } from './batch.js';

describe('a batch of updates', () => {
  it('calls each update once, with all others, and sets one timer', async () => {
    const { setTimeout: original } = globalThis;
    const calls: string[] = [];
    let timers = 0;
    globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
      timers++;
      return original(...args);
    }) as typeof setTimeout;
    try {
      const [one, other] = ['one', 'other'].map((name) => () => calls.push(name));
      if (!one || !other) throw new Error('no updates');
      for (const update of [one, one, other, one]) batch(update);
      expect(calls).to.deep.equal([]);
      expect(timers).to.equal(1);
      await new Promise((resolve) => original(resolve, 100));
      expect(calls).to.deep.equal(['one', 'other']);
      batch(other);
      expect(timers).to.equal(2);
      await new Promise((resolve) => original(resolve, 100));
      expect(calls).to.deep.equal(['one', 'other', 'other']);
    } finally {
      globalThis.setTimeout = original;
    }
  });
});
