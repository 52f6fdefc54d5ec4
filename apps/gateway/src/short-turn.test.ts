import { expect } from 'chai';
import { shortTurn } from './short-turn.js';

/** Keeps the process busy for some milliseconds in each of so many turns. */
async function work(turns: number, ms: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + ms;
    while (performance.now() < end);
  }
}

describe('a short turn of the event loop', () => {
  const never = new AbortController().signal;

  it('is one without work', async () => {
    let working = true;
    const worked = work(20, 5).then(() => {
      working = false;
    });
    expect(await shortTurn(never)).to.equal(true);
    expect(working).to.equal(false);
    await worked;
  });

  it('is found by a process that is always busy, too', async () => {
    let working = true;
    const worked = work(400, 0.5).then(() => {
      working = false;
    });
    expect(await shortTurn(never)).to.equal(true);
    expect(working).to.equal(true);
    await worked;
  });

  it('is not waited for any longer than wanted', async () => {
    const unwanted = new AbortController();
    const worked = work(20, 5);
    const found = shortTurn(unwanted.signal);
    unwanted.abort();
    expect(await found).to.equal(false);
    await worked;
  });
});
