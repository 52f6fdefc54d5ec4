import { UnavailableError } from '@chorus/redis';
import { failure, ManualClock, tick } from '@chorus/testing';
import { expect } from 'chai';
import { BatchQueueFullError, MicroBatcher } from './micro-batcher.js';

describe('micro-batcher', () => {
  let clock: ManualClock;
  let sent: string[][];
  /** Answers the batches in flight, in order; undefined: at once. */
  let answers: Array<(error?: Error) => void> | undefined;
  let batcher: MicroBatcher<string, string>;

  const make = (
    options: {
      maxItems?: number;
      maxSize?: number;
      maxQueuedSize?: number;
      maxWindowMs?: number;
      maxWaitMs?: number;
      gathering?: () => number;
    } = {},
  ): void => {
    batcher = new MicroBatcher<string, string>(
      async (items) => {
        sent.push(items);
        const waiting = answers;
        if (waiting !== undefined) {
          await new Promise<void>((resolve, reject) =>
            waiting.push((error) => (error === undefined ? resolve() : reject(error))),
          );
        }
        return items.map((item) => (item.startsWith('bad') ? new Error(item) : `done ${item}`));
      },
      (item) => item.length,
      { maxItems: 100, maxSize: 10_000, maxQueuedSize: 100_000, maxWindowMs: 5, ...options },
      clock,
    );
  };

  beforeEach(() => {
    clock = new ManualClock();
    sent = [];
    answers = undefined;
    make();
  });

  /** Adds `count` items per millisecond and records when batches leave. */
  const feed = async (count: number, forMs: number): Promise<number[]> => {
    const left: number[] = [];
    for (let ms = 0; ms < forMs; ms++) {
      for (let n = 0; n < count; n++) void batcher.add('x');
      const before = sent.length;
      await clock.advance(1);
      if (sent.length > before) left.push(clock.now());
    }
    return left;
  };

  it('sends a single item in the tick of its arrival', async () => {
    const added = batcher.add('a');
    expect(clock.next).to.equal(clock.now());
    await clock.advance(0);
    expect(await added).to.equal('done a');
  });

  it('refuses items that have waited too long during a standstill of the process, and continues', async () => {
    make({ maxWaitMs: 1_000, maxItems: 2 });
    answers = [];
    const [first, second] = ['a', 'b'].map((item) => batcher.add(item));
    await clock.advance(0);
    const waiting = ['c', 'd', 'e'].map((item) => failure(batcher.add(item)));
    await clock.advance(900);
    clock.freeze(200);
    answers.shift()?.();
    expect(await Promise.all([first, second])).to.deep.equal(['done a', 'done b']);
    await clock.advance(10);
    for (const error of await Promise.all(waiting)) expect(error).to.be.instanceOf(UnavailableError);
    expect(sent).to.deep.equal([['a', 'b']]);
    answers = undefined;
    const next = batcher.add('f');
    await clock.advance(10);
    expect(await next).to.equal('done f');
  });

  it('sends the items of one tick together, in order', async () => {
    const items = Array.from({ length: 50 }, (_, n) => `item ${n}`);
    const results = Promise.all(items.map((item) => batcher.add(item)));
    await clock.advance(0);
    expect(sent).to.deep.equal([items]);
    expect(await results).to.deep.equal(items.map((item) => `done ${item}`));
  });

  it('sends one batch at a time and gathers items meanwhile', async () => {
    answers = [];
    const first = batcher.add('1');
    await clock.advance(0);
    const later = ['2', '3', '4'].map((item) => batcher.add(item));
    await clock.advance(1_000);
    expect(sent).to.deep.equal([['1']]);
    answers.shift()?.();
    await first;
    await tick();
    await clock.advance(0);
    expect(sent).to.deep.equal([['1'], ['2', '3', '4']]);
    answers.shift()?.();
    expect(await Promise.all(later)).to.deep.equal(['done 2', 'done 3', 'done 4']);
  });

  it('never waits at a low rate', async () => {
    for (let n = 0; n < 50; n++) {
      const added = batcher.add(`${n}`);
      expect(clock.next).to.equal(clock.now());
      await clock.advance(6);
      await added;
    }
    expect(sent).to.have.length(50);
  });

  it('waits for further items at a high rate, but never longer than allowed', async () => {
    const left = (await feed(6, 200)).slice(-20);
    const pauses = left.slice(1).map((at, index) => at - (left[index] ?? 0));
    expect(Math.max(...pauses)).to.equal(5);
    expect(Math.min(...pauses)).to.equal(5);
    expect(sent.at(-1)).to.have.length(30);
  });

  it('waits for a shorter time if that gathers enough', async () => {
    const left = (await feed(20, 200)).slice(-20);
    const pauses = left.slice(1).map((at, index) => at - (left[index] ?? 0));
    expect(Math.max(...pauses)).to.be.at.most(2);
    expect(sent.at(-1)?.length).to.be.at.least(20);
  });

  it('waits a quarter of the time while nothing is scarce', async () => {
    make({ gathering: () => 0, maxWindowMs: 12 });
    const left = (await feed(2, 200)).slice(-20);
    const pauses = left.slice(1).map((at, index) => at - (left[index] ?? 0));
    expect(Math.max(...pauses)).to.equal(3);
    expect(Math.min(...pauses)).to.equal(3);
  });

  it('forgets a high rate after a pause', async () => {
    await feed(20, 100);
    await clock.advance(10_000);
    const added = batcher.add('late');
    expect(clock.next).to.equal(clock.now());
    await clock.advance(0);
    expect(await added).to.equal('done late');
    await clock.advance(200);
    void batcher.add('later');
    expect(clock.next).to.equal(clock.now());
  });

  it('bounds batches by number and by size, and sends a larger item alone', async () => {
    make({ maxItems: 3, maxSize: 10 });
    const items = ['a', 'b', 'c', 'd', 'x'.repeat(8), 'yyy', 'z'.repeat(50), 'e'];
    const results = Promise.all(items.map((item) => batcher.add(item)));
    await clock.advance(100);
    await results;
    expect(sent.map((batch) => batch.map((item) => item[0]).join(''))).to.deep.equal([
      'abc',
      'dx',
      'y',
      'z',
      'e',
    ]);
  });

  it('refuses at once when too much waits, and accepts items again after results', async () => {
    make({ maxQueuedSize: 10 });
    answers = [];
    const accepted = [batcher.add('12345')];
    await clock.advance(0);
    accepted.push(batcher.add('67890'));
    const error = await failure(batcher.add('x'));
    expect(error).to.be.instanceOf(BatchQueueFullError).and.instanceOf(UnavailableError);
    answers.shift()?.();
    await accepted[0];
    await tick();
    accepted.push(batcher.add('x'));
    await clock.advance(0);
    answers.shift()?.();
    expect(await Promise.all(accepted)).to.deep.equal(['done 12345', 'done 67890', 'done x']);
  });

  it('accepts an item of any size when nothing waits', async () => {
    make({ maxQueuedSize: 10 });
    const added = batcher.add('x'.repeat(50));
    await clock.advance(0);
    expect(await added).to.match(/^done/);
  });

  it('resolves each item separately', async () => {
    const results = Promise.allSettled(['good', 'bad', 'fine'].map((item) => batcher.add(item)));
    await clock.advance(0);
    expect((await results).map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('rejects a failed batch and all items waiting behind it, and then continues', async () => {
    make({ maxItems: 2, maxQueuedSize: 5 });
    answers = [];
    const reason = new Error('reason');
    const results = Promise.all(['1', '2', '3', '4', '5'].map((item) => failure(batcher.add(item))));
    await clock.advance(0);
    answers.shift()?.(reason);
    expect(await results).to.deep.equal(Array(5).fill(reason));
    await tick();
    answers = undefined;
    const more = Promise.all(['6', '7', '8', '9', '0'].map((item) => batcher.add(item)));
    await clock.advance(100);
    expect(await more).to.have.length(5);
  });

  it('rejects items without a result', async () => {
    const forgetful = new MicroBatcher<string, string>(
      async () => ['only one'],
      () => 1,
      { maxItems: 10, maxSize: 10, maxQueuedSize: 10, maxWindowMs: 5 },
      clock,
    );
    const results = Promise.allSettled([forgetful.add('a'), forgetful.add('b')]);
    await clock.advance(0);
    expect((await results).map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected']);
  });

  it('works with the real clock', async () => {
    const real = new MicroBatcher<number, number>(
      async (items) => items.map((item) => item * 2),
      () => 1,
      { maxItems: 10, maxSize: 10, maxQueuedSize: 1_000, maxWindowMs: 5 },
    );
    const items = Array.from({ length: 500 }, (_, n) => n);
    expect(await Promise.all(items.map((item) => real.add(item)))).to.deep.equal(items.map((n) => n * 2));
  });
});
