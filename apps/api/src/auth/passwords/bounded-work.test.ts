import { Refusal } from '@chorus/protocol';
import { expect } from 'chai';
import { BoundedWork } from './bounded-work.js';

const wanted = (): boolean => true;

/** A task that ends when the test ends it. */
function controlled() {
  let end = (): void => {};
  let started = false;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    end,
    hasStarted: () => started,
    task: () => {
      started = true;
      return done;
    },
  };
}

describe('BoundedWork', () => {
  it('runs a limited number of tasks, queues a limited number, and refuses the rest', async () => {
    const work = new BoundedWork(2, 1);
    const tasks = [controlled(), controlled(), controlled()];
    const runs = tasks.map(({ task }) => work.run(task, wanted));
    // p-limit starts tasks in a later microtask.
    await new Promise(setImmediate);
    expect(tasks.map((task) => task.hasStarted())).to.deep.equal([true, true, false]);

    const refused = await work.run(async () => {}, wanted).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Refusal).with.property('status', 503);

    tasks[0]?.end();
    await runs[0];
    await new Promise(setImmediate);
    expect(tasks[2]?.hasStarted()).to.equal(true);
    for (const task of tasks) task.end();
    await Promise.all(runs);
  });

  it('continues after a task that failed', async () => {
    const work = new BoundedWork(1, 5);
    const failed = await work
      .run(() => Promise.reject(new Error('no')), wanted)
      .catch((error: unknown) => error);
    expect(String(failed)).to.equal('Error: no');
    expect(await work.run(async () => 'yes', wanted)).to.equal('yes');
  });

  it('skips work for clients that disconnected while they waited', async () => {
    const work = new BoundedWork(1, 5);
    const first = controlled();
    const running = work.run(first.task, wanted);
    let ran = false;
    const skipped = work
      .run(
        async () => {
          ran = true;
        },
        () => false,
      )
      .catch((error: unknown) => error);
    first.end();
    await running;
    expect(await skipped).to.be.instanceOf(Refusal);
    expect(ran).to.equal(false);
  });
});
